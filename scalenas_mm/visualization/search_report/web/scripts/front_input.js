// The front and its reader: pointer, zoom and keys.

const NEAR = 26; // pixels that a point may be away from the pointer

Object.assign(Front.prototype, {
  place(event) {
    const box = this.top.node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  },

  nearest(at) {
    const { clientWidth: width, clientHeight: height } = this.box;
    const { x, y } = this.scales(width, height);
    const shown = this.app.view.only ? this.fronts.flat() : this.points;
    let best = NEAR ** 2;
    let found = null;
    for (const p of [...this.extra, ...shown]) {
      const d = (x(p.x) - at.x) ** 2 + (y(p.y) - at.y) ** 2;
      if (d < best) [best, found] = [d, p];
    }
    return found;
  },

  moved(event) {
    const at = this.place(event);
    if (this.start && event.pointerType === 'mouse' &&
      Math.hypot(at.x - this.start.x, at.y - this.start.y) > 6) {
      this.dragged = [this.start, at];
    }
    this.hover(this.dragged ? null : this.nearest(at), event);
    if (this.dragged) this.top.redraw();
  },

  hover(point, event) {
    if (point !== this.hovered) {
      this.hovered = point;
      this.top.redraw();
    }
    if (!point) tip.hide();
    else tip.show(event.clientX, event.clientY, ...this.app.about(point));
  },

  left() {
    this.start = this.dragged = null;
    this.hover(null);
  },

  pressed(event) {
    if (event.button === 0) this.start = this.place(event);
  },

  up(event) {
    const { dragged, start } = this;
    this.start = this.dragged = null;
    if (dragged) return this.zoomTo(dragged);
    const point = start && this.nearest(this.place(event));
    if (point && !point.baseline) this.app.pick(point.search, point.id);
    if (point && point.baseline) this.app.pickBaseline(point);
    return null;
  },

  zoomTo([a, b]) {
    const { clientWidth: width, clientHeight: height } = this.box;
    const { x, y } = this.scales(width, height);
    const sorted = (u, v) => [Math.min(u, v), Math.max(u, v)];
    this.setZoom([sorted(x.back(a.x), x.back(b.x)),
      sorted(y.back(a.y), y.back(b.y))]);
  },

  setZoom(zoom) {
    this.zoom = zoom;
    this.update();
  },

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 1, ArrowDown: -1,
      Home: -Infinity, End: Infinity }[event.key];
    if (event.key === 'Enter') byId('candidate').focus();
    if (event.key === 'Escape') this.setZoom(null);
    if (step === undefined) return;
    event.preventDefault();
    const own = this.app.search;
    const along = event.key === 'ArrowUp' || event.key === 'ArrowDown';
    let list = this.fronts[own.index];
    if (along || !list.length) {
      list = this.points.filter((p) => p.search === own)
        .sort((a, b) => a.x - b.x || a.y - b.y);
    }
    const at = list.findIndex((p) => this.app.isPicked(p.search, p.id));
    const next = list[Math.max(0, Math.min(list.length - 1,
      at < 0 ? 0 : at + step))];
    if (next) this.app.pick(next.search, next.id, true);
  },
});
