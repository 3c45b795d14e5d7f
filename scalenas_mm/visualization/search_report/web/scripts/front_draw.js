// The front on its canvas: points, lines and marks.

Object.assign(Front.prototype, {
  scales(width, height) {
    const box = { left: 66, right: width - 14, top: 14, bottom: height - 48 };
    const [[x0, x1], [y0, y1]] = this.ranges;
    const log = this.app.view.log && x0 > 0;
    return { box, x: makeScale(x0, x1, box.left, box.right, log),
      y: makeScale(y0, y1, box.bottom, box.top) };
  },

  draw(context, width, height) {
    const { box, x, y } = this.scales(width, height);
    const { report, view } = this.app;
    drawAxes(context, x, y, box, [view.x, view.y].map((key) =>
      titleOf(report.columns.get(key))));
    context.save();
    context.beginPath();
    context.rect(box.left - 6, box.top - 6, box.right - box.left + 12,
      box.bottom - box.top + 12);
    context.clip();
    if (!view.only) this.drawPoints(context, x, y);
    this.fronts.forEach((front, i) => this.drawFront(context, x, y, front, i));
    this.drawExported(context, x, y);
    this.extra.forEach((p) => this.drawNamed(context, x, y, p, box));
    context.restore();
  },

  drawPoints(context, x, y) {
    const groups = this.coloured();
    const radius = this.points.length > 4000 ? 1.8 :
      this.points.length > 800 ? 2.4 : 3.4;
    context.globalAlpha = this.points.length > 4000 ? 0.55 : 0.8;
    for (const [fillStyle, points] of groups) {
      context.fillStyle = fillStyle;
      context.beginPath();
      for (const p of points) {
        const px = x(p.x);
        const py = y(p.y);
        context.moveTo(px + radius, py);
        context.arc(px, py, radius, 0, 6.3);
      }
      context.fill();
    }
    context.globalAlpha = 1;
  },

  /** Points by colour; one path of each is fast. */
  coloured() {
    const { report, view } = this.app;
    if (view.colour === 'search') {
      return report.searches.map((search) => [this.colourOf(search),
        this.points.filter((p) => p.search === search)]);
    }
    const values = this.points.map((p) =>
      valueOf(report, p.search, view.colour, p.id));
    const [low, high] = this.colourRange();
    const colours = ramp(16);
    const groups = colours.map((c) => [c, []]);
    const none = [colour('ghost'), []];
    this.points.forEach((p, i) => {
      const t = (values[i] - low) / (high - low || 1);
      (values[i] === values[i] ? groups[Math.max(0, Math.min(15,
        Math.floor(t * 16)))] : none)[1].push(p);
    });
    return [none, ...groups];
  },

  colourRange() {
    const { report, view } = this.app;
    return rangeOf(report.searches.flatMap((search) => search.good.map(
      (good, id) => (good ? valueOf(report, search, view.colour, id) : NaN))),
    0);
  },

  colourOf(search) {
    return colour(`search${search.index % 6}`);
  },

  frontColour(index) {
    return this.app.report.searches.length > 1 ?
      colour(`search${index % 6}`) : colour('front');
  },

  drawFront(context, x, y, front, index) {
    if (!front.length) return;
    const { view, report } = this.app;
    const lowX = report.columns.get(view.x).better === 'min';
    context.strokeStyle = context.fillStyle = this.frontColour(index);
    context.lineWidth = 1.6;
    context.setLineDash(index ? [7, 4] : []);
    context.beginPath();
    front.forEach((p, i) => {
      const px = x(p.x);
      const py = y(p.y);
      if (!i) context.moveTo(px, py);
      else if (lowX) {
        context.lineTo(px, y(front[i - 1].y));
        context.lineTo(px, py);
      } else {
        context.lineTo(x(front[i - 1].x), py);
        context.lineTo(px, py);
      }
    });
    context.stroke();
    context.setLineDash([]);
    for (const p of front) disc(context, x(p.x), y(p.y), 4.2, 'fill');
  },

  drawExported(context, x, y) {
    context.strokeStyle = colour('good');
    context.lineWidth = 2;
    for (const p of this.points) {
      if (p.search.exportedOf.has(p.id)) {
        disc(context, x(p.x), y(p.y), 7.5, 'stroke');
      }
    }
  },

  drawNamed(context, x, y, p, box) {
    const px = x(p.x);
    const py = y(p.y);
    context.fillStyle = colour('ink');
    context.strokeStyle = colour('card');
    context.lineWidth = 3;
    context.beginPath();
    for (const [dx, dy] of [[0, -7], [6, 0], [0, 7], [-6, 0]]) {
      context.lineTo(px + dx, py + dy);
    }
    context.closePath();
    context.stroke();
    context.fill();
    context.font = '600 12px system-ui, sans-serif';
    const right = px > box.right - 60;
    context.textAlign = right ? 'right' : 'left';
    context.textBaseline = 'middle';
    const at = [p.baseline.name, px + (right ? -10 : 10), py];
    context.strokeText(...at);
    context.fillText(...at);
  },

  /** What follows the pointer, without drawing all points again. */
  drawTop(context, width, height) {
    const { x, y } = this.scales(width, height);
    const picked = this.points.find((p) => this.app.isPicked(p.search, p.id));
    for (const [p, name, size] of [[picked, 'accent', 8],
      [this.hovered, 'ink', 6.5]]) {
      if (!p) continue;
      context.strokeStyle = colour(name);
      context.lineWidth = 2.5;
      disc(context, x(p.x), y(p.y), size, 'stroke');
    }
    if (this.dragged) {
      const [a, b] = this.dragged;
      context.fillStyle = colour('accent');
      context.globalAlpha = 0.15;
      context.fillRect(a.x, a.y, b.x - a.x, b.y - a.y);
      context.globalAlpha = 1;
    }
  },
});

function disc(context, x, y, radius, how) {
  context.beginPath();
  context.arc(x, y, radius, 0, 6.3);
  context[how]();
}
