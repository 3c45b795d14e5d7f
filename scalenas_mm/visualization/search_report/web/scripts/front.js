// All candidates by two of their numbers, and what no other beats.

const TABLE_ROWS = 200;

class Front {
  constructor(app) {
    this.app = app;
    this.zoom = null;
    this.hovered = null;
    this.build();
  }

  // -- what is shown -----------------------------------------------------
  build() {
    const { app } = this;
    this.box = el('div', { class: 'plot' });
    this.legend = el('div', { class: 'legend' });
    this.tables = el('div', {});
    section('front', 'The front', el('p', { class: 'note', id: 'front-help' },
      'Every point is a candidate, the line joins those that no other beats ' +
      'by both axes. Click a point, or move along the front by the arrow ' +
      'keys left and right, to all others by up and down. Drag to zoom, ' +
      'double-click to go back.'), this.controls(), this.box, this.legend,
    this.slider(), this.tables);
    this.canvas = new Canvas(this.box, 'points', (...a) => this.draw(...a));
    this.top = new Canvas(this.box, 'top', (...a) => this.drawTop(...a));
    const node = this.top.node;
    fill(node, { tabindex: 0, role: 'application', id: 'points',
      'aria-label': 'Candidates', 'aria-describedby': 'front-help',
      onpointermove: (e) => this.moved(e), onpointerleave: () => this.left(),
      onpointerdown: (e) => this.pressed(e), onpointerup: (e) => this.up(e),
      ondblclick: () => this.setZoom(null), onkeydown: (e) => this.key(e) },
    []);
    app.onPick(() => { this.top.redraw(); this.markRows(); });
    this.update();
  }

  controls() {
    const { view, report } = this.app;
    const columns = orderedColumns(report, true);
    const options = (chosen) => columns.map((c) => el('option',
      { value: c.key, selected: c.key === chosen }, titleOf(c)));
    const pick = (name, key, extra = []) => el('label', {}, name, el('select',
      { id: `axis-${key}`, onchange: (e) => this.set(key, e.target.value) },
      extra, options(view[key])));
    const box = (name, key) => el('label', { class: 'row' }, el('input', {
      type: 'checkbox', checked: view[key], id: `axis-${key}`,
      onchange: (e) => this.set(key, e.target.checked) }), name);
    const searches = report.searches.length > 1 ? [el('option', {
      value: 'search', selected: view.colour === 'search' }, 'search')] : [];
    return el('div', { class: 'controls' }, pick('horizontal', 'x'),
      pick('vertical', 'y'), pick('colour', 'colour', searches),
      box('log', 'log'), box('only the front', 'only'),
      el('button', { type: 'button', id: 'reset',
        onclick: () => this.setZoom(null) }, 'Show all'));
  }

  set(key, value) {
    this.app.setView(key, value);
    this.zoom = null;
    this.update();
  }

  slider() {
    const most = this.app.lastGeneration();
    this.range = el('input', { type: 'range', min: 0, max: most, id: 'until',
      'aria-label': 'up to generation', oninput: () => this.slid() });
    this.range.value = Math.min(most, this.app.view.until);
    this.count = el('output', { for: 'until' });
    const play = el('button', { type: 'button', id: 'play',
      onclick: () => this.play(play) }, '▶ Play');
    return el('div', { class: 'slider', hidden: most === 0 }, play,
      this.range, this.count);
  }

  slid() {
    const until = Number(this.range.value);
    this.app.setView('until', until < this.app.lastGeneration() ? until :
      Infinity);
    this.update();
  }

  play(button) {
    if (this.timer) return this.stop(button);
    button.textContent = '■ Stop';
    if (Number(this.range.value) >= Number(this.range.max)) {
      this.range.value = -1;
    }
    const pause = Math.min(500, 6000 / (Number(this.range.max) + 1));
    this.timer = setInterval(() => {
      this.range.value = Number(this.range.value) + 1;
      this.slid();
      if (this.range.value === this.range.max) this.stop(button);
    }, pause);
    return null;
  }

  stop(button) {
    clearInterval(this.timer);
    this.timer = null;
    button.textContent = '▶ Play';
  }

  // -- numbers -------------------------------------------------------------
  update() {
    this.collect();
    this.canvas.redraw();
    this.top.redraw();
    this.showLegend();
    this.showTable();
    this.app.progress?.update();
  }

  /** Points of all searches, and the front of each. */
  collect() {
    const { report, view } = this.app;
    this.points = [];
    this.fronts = [];
    for (const search of report.searches) {
      const first = this.points.length;
      for (let id = 0; id < search.num; id += 1) {
        if (!search.good[id] || search.generations[id] > view.until) continue;
        const x = valueOf(report, search, view.x, id);
        const y = valueOf(report, search, view.y, id);
        if (x === x && y === y) this.points.push({ search, id, x, y });
      }
      this.fronts.push(this.front(first));
    }
    const all = report.searches.flatMap((search) => this.named(search));
    this.extra = all;
    this.ranges = this.zoom || [this.range2('x'), this.range2('y')];
    const searches = report.searches.length > 1 ? `, ${
      report.searches.length} searches` : '';
    this.count.textContent = (view.until === Infinity ? 'all generations' :
      `up to generation ${view.until}`) +
      `: ${number(this.points.length)} candidates${searches}`;
  }

  front(first) {
    const own = this.points.slice(first);
    const better = (key) => this.app.report.columns.get(key).better;
    const { x, y } = this.app.view;
    if (!better(x) || !better(y) || x === y) return [];
    const ids = frontOf(own.map((p) => p.x), own.map((p) => p.y),
      better(x) === 'min', better(y) === 'min', own.map((_, i) => i));
    return ids.map((i) => own[i]);
  }

  /** Baselines that have both values. */
  named(search) {
    const { report, view } = this.app;
    const value = (one, key) => {
      const v = one.values[key];
      return v === null || v === undefined ? NaN :
        v / report.columns.get(key).factor;
    };
    return search.baselines.filter((one) => one.error === null)
      .map((one) => ({ search, baseline: one, x: value(one, view.x),
        y: value(one, view.y) })).filter((p) => p.x === p.x && p.y === p.y);
  }

  /** The range of an axis over all generations, so that it stays. */
  range2(key) {
    const { report, view } = this.app;
    const values = this.extra.map((p) => p[key]);
    for (const search of report.searches) {
      for (let id = 0; id < search.num; id += 1) {
        if (search.good[id]) {
          values.push(valueOf(report, search, view[key], id));
        }
      }
    }
    const [low, high] = rangeOf(values);
    const least = values.reduce((a, v) => (v > 0 && v < a ? v : a), Infinity);
    return key === 'x' && view.log && low <= 0 && least < Infinity ?
      [least * 0.9, high] : [low, high];
  }

  // -- around it ---------------------------------------------------------------
  showLegend() {
    const { report, view } = this.app;
    const mark = (css, text) => el('span', {}, el('i', { css }), text);
    const parts = [];
    if (view.colour === 'search') {
      for (const search of report.searches) {
        parts.push(mark({ background: this.colourOf(search) }, search.name));
      }
    } else {
      const [low, high] = this.colourRange();
      parts.push(el('span', {}, titleOf(report.columns.get(view.colour)),
        ' ', number(low), el('i', { class: 'ramp' }), number(high)));
    }
    if (report.searches.length === 1) {
      parts.push(mark({ background: colour('front') }, 'on the front'));
    }
    if (this.extra.length) parts.push(el('span', {}, '◆ compared with'));
    if (report.searches.some((search) => search.exported.length)) {
      parts.push(mark({ border: `2px solid ${colour('good')}` }, 'exported'));
    }
    this.legend.replaceChildren(...parts);
  }

  showTable() {
    const { report, view } = this.app;
    const keys = [...new Set([...[view.x, view.y].filter((key) =>
      report.columns.get(key).group !== 'mark'),
    ...orderedColumns(report).filter((c) => c.objective).map((c) => c.key)])];
    const heads = ['candidate', ...keys.map((key) =>
      titleOf(report.columns.get(key))), 'architecture'];
    const rows = this.fronts.flat().slice(0, TABLE_ROWS)
      .map((p) => this.row(p, keys));
    const several = report.searches.length > 1;
    this.rows = rows;
    this.tables.replaceChildren(el('h3', {}, `On the front: ${number(
      this.fronts.flat().length)}`), table(heads, rows, {
      class: 'picks tall', numeric: (i) => i > 0 && i <= keys.length }));
    if (!rows.length) {
      this.tables.replaceChildren(el('p', { class: 'note' }, 'There is no ' +
        'front of these axes: choose metrics or costs.'));
    }
    this.several = several;
    this.markRows();
  }

  row(point, keys) {
    const { report } = this.app;
    const { search, id } = point;
    const name = report.searches.length > 1 ? `${search.name} #${id}` :
      `#${id}`;
    return { point, attributes: { 'data-id': id, 'data-search': search.index,
      onclick: () => this.app.pick(search, id) }, cells: [
      el('button', { type: 'button', class: 'link' }, name),
      ...keys.map((key) => number(valueOf(report, search, key, id))),
      el('span', { class: 'muted' }, wordsOf(search, id))] };
  }

  markRows() {
    for (const row of this.tables.querySelectorAll('tr[data-id]')) {
      row.classList.toggle('picked', this.app.isPicked(
        this.app.report.searches[row.dataset.search], Number(row.dataset.id)));
    }
  }
}
