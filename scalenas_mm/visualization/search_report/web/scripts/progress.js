// How the front grew: hypervolume over candidates or over time.

class Progress {
  constructor(app) {
    this.app = app;
    this.over = 'candidates';
    this.box = el('div', { class: 'scroll' });
    this.note = el('p', { class: 'note' });
    const choice = el('select', { id: 'over', onchange: (e) => {
      this.over = e.target.value;
      this.update();
    } }, el('option', { value: 'candidates' }, 'candidates'),
    el('option', { value: 'time' }, 'time'));
    section('progress', 'Hypervolume over time', this.note,
      el('div', { class: 'controls' }, el('label', {}, 'over', choice)),
      this.box);
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.box);
    this.update();
  }

  resized() {
    if (!this.box.isConnected) this.watch.disconnect();
    else if (this.box.clientWidth !== this.width) this.update();
  }

  update() {
    this.width = this.box.clientWidth;
    const { report, view } = this.app;
    const better = [view.x, view.y].map((k) => report.columns.get(k).better);
    const titles = [view.x, view.y].map((k) => titleOf(report.columns.get(k)));
    byId('progress').hidden = !better[0] || !better[1] || view.x === view.y;
    if (byId('progress').hidden) return;
    this.curves = this.all(better);
    this.note.textContent = `The share of the rectangle of all ${titles[0]} ` +
      `and ${titles[1]} that the candidates so far reach, by the axes chosen ` +
      'above. Flat means that nothing better was found.' + this.clockWords();
    const width = Math.max(320, this.box.clientWidth || 900);
    this.box.replaceChildren(this.plot(width, 250));
  }

  clockWords() {
    if (this.over !== 'time') return '';
    const known = this.app.report.searches.every((s) =>
      s.clock.kind !== 'seconds');
    return known ? ' Time is that which passed.' :
      ' Time is the sum of what the candidates took: no clock was kept.';
  }

  /** Points to be minimised, and the curve of each search. */
  all(better) {
    const { report, view } = this.app;
    const sign = better.map((way) => (way === 'min' ? 1 : -1));
    const points = report.searches.map((search) => search.good.map((good, id) =>
      (good ? [view.x, view.y].map((key, k) => sign[k] *
        valueOf(report, search, key, id)) : [NaN, NaN])));
    const flat = points.flat();
    const [x0, x1] = rangeOf(flat.map((p) => p[0]), 0);
    const [y0, y1] = rangeOf(flat.map((p) => p[1]), 0);
    return points.map((own, i) => {
      const volumes = runningVolume(own, { x0, x1, y0, y1 });
      return { search: report.searches[i], volumes,
        at: this.positions(report.searches[i]) };
    });
  }

  positions(search) {
    if (this.over === 'candidates') return search.good.map((_, id) => id + 1);
    const ends = new Map(search.clock.ids.map((id, i) => [id,
      (search.clock.start[i] + search.clock.seconds[i]) / 60]));
    let last = 0;
    return search.good.map((_, id) => {
      last = Math.max(last, ends.get(id) || 0);
      return last;
    });
  }

  plot(width, height) {
    const box = { left: 50, right: width - 26, top: 8, bottom: height - 44 };
    const most = Math.max(1e-9, ...this.curves.map((c) =>
      c.at[c.at.length - 1] || 0));
    const top = Math.max(0.02, ...this.curves.map((c) =>
      c.volumes[c.volumes.length - 1] || 0));
    const x = makeScale(0, most, box.left, box.right);
    const y = makeScale(0, top * 1.06, box.bottom, box.top);
    const root = svg('svg', { width, height,
      viewBox: `0 0 ${width} ${height}`, role: 'img',
      'aria-label': 'hypervolume', onpointermove: (e) => this.hover(e, x),
      onpointerleave: () => tip.hide() },
    svgAxes(x, y, box, [this.over === 'time' ? 'minutes' : 'candidates']));
    this.curves.forEach((curve, i) => root.append(this.curve(curve, i, x, y)));
    return root;
  }

  curve(curve, i, x, y) {
    let path = `M${x(0)} ${y(0)}`;
    let before = 0;
    curve.volumes.forEach((v, k) => {
      if (v !== before || k === curve.volumes.length - 1) {
        path += `H${x(curve.at[k]).toFixed(1)}V${y(v).toFixed(1)}`;
        before = v;
      }
    });
    const several = this.curves.length > 1;
    return svg('path', { d: path, fill: 'none', class: 'curve',
      stroke: several ? `var(--search${i % 6})` : 'var(--accent)',
      'stroke-width': 2, 'stroke-dasharray': i ? '8 4' : null });
  }

  hover(event, x) {
    const box = event.currentTarget.getBoundingClientRect();
    const at = x.back(event.clientX - box.left);
    const rows = this.curves.map((curve) => {
      let k = curve.at.findIndex((v) => v > at);
      if (k < 0) k = curve.at.length;
      return [curve.search.name, k ? `${number(100 * curve.volumes[k - 1])} %` :
        '–', `candidate ${Math.max(0, k - 1)}`];
    });
    tip.show(event.clientX, event.clientY, table([], rows));
  }
}
