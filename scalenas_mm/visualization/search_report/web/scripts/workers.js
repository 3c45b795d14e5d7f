// Who measured what when.

const LANE = 22;
const CLOCKS = {
  workers: 'Each row is a worker, each bar a candidate.',
  recorded: 'When candidates were recorded is known, by whom they were ' +
    'measured is not: bars end there at the latest and are put into as few ' +
    'rows as they fit in. Candidates that were measured together share their ' +
    'time.',
  seconds: 'No clock was kept: bars are what each candidate took, one after ' +
    'the other.',
};

class Workers {
  constructor(app) {
    this.app = app;
    this.show();
    app.onPick(() => this.canvas && this.canvas.redraw());
  }

  show() {
    const { search } = this.app;
    const { clock } = search;
    if (!clock.ids.length) {
      byId('workers').hidden = true;
      return;
    }
    this.lanes = Math.max(...clock.row) + 1;
    const box = el('div', { class: 'plot', css: {
      height: `${this.lanes * LANE + 58}px` } });
    section('workers', 'Timeline of workers', el('p', { class: 'note' },
      CLOCKS[clock.kind], ' ', this.words(search)), box);
    this.canvas = new Canvas(box, 'top', (...a) => this.draw(...a));
    fill(this.canvas.node, { role: 'img', 'aria-label': 'timeline',
      onpointermove: (e) => this.hover(e), onpointerleave: () => tip.hide(),
      onclick: (e) => this.click(e) }, []);
  }

  words(search) {
    const { clock } = search;
    const sum = clock.seconds.reduce((a, b) => a + b, 0);
    const ends = clock.seconds.map((s, i) => s + clock.start[i]);
    const passed = ends.reduce((a, b) => Math.max(a, b), 0);
    const sorted = [...clock.seconds].sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    const words = `A candidate took ${duration(middle)} (median), at most ${
      duration(sorted[sorted.length - 1])}; all together ${duration(sum)}`;
    return clock.kind === 'seconds' ? `${words}.` :
      `${words} in ${duration(passed)}, ${number(sum / passed)} at a time.`;
  }

  scale(width) {
    const { clock } = this.app.search;
    const most = clock.start.reduce((a, s, i) =>
      Math.max(a, s + clock.seconds[i]), 0);
    const [unit, name] = most > 7200 ? [3600, 'hours'] : most > 300 ?
      [60, 'minutes'] : [1, 'seconds'];
    this.unit = unit;
    this.unitName = name;
    const names = Math.max(0, ...clock.rows.map((row) => row.length));
    return makeScale(0, most / unit || 1, 12 + Math.min(90, names * 7),
      width - 10);
  }

  draw(context, width) {
    const { search } = this.app;
    const { clock } = search;
    const x = this.scale(width);
    const bottom = this.lanes * LANE + 10;
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'top';
    context.textAlign = 'center';
    for (const v of ticksOf(0, x.high, width < 500 ? 4 : 9)) {
      context.strokeStyle = colour('line');
      line(context, x(v), 4, x(v), bottom);
      context.fillStyle = colour('muted');
      context.fillText(number(v), x(v), bottom + 5);
    }
    context.fillText(this.unitName, (x(0) + width) / 2, bottom + 24);
    const last = this.app.lastGeneration();
    const colours = ramp(last + 1 > 64 ? 64 : last + 1);
    const bad = colour('bad');
    clock.ids.forEach((id, i) => {
      const share = search.generations[id] / (last || 1);
      context.fillStyle = id in search.failed ? bad :
        colours[Math.round(share * (colours.length - 1))];
      const left = x(clock.start[i] / this.unit);
      const right = x((clock.start[i] + clock.seconds[i]) / this.unit);
      const gap = right - left > 3 ? 1 : 0;
      context.fillRect(left, 8 + clock.row[i] * LANE,
        Math.max(0.7, right - left - gap), LANE - 5);
      if (this.app.isPicked(search, id)) {
        context.fillStyle = colour('front');
        context.fillRect(left - 1, 4 + clock.row[i] * LANE,
          Math.max(3, right - left + 1), 3);
      }
    });
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillStyle = colour('muted');
    clock.rows.forEach((name, i) => context.fillText(name.slice(0, 14), 2,
      8 + i * LANE + (LANE - 5) / 2));
  }

  at(event) {
    const { clock } = this.app.search;
    const box = this.canvas.node.getBoundingClientRect();
    const seconds = this.scale(box.width).back(event.clientX - box.left) *
      this.unit;
    const row = Math.floor((event.clientY - box.top - 6) / LANE);
    return clock.ids.findIndex((_, i) => clock.row[i] === row &&
      clock.start[i] <= seconds && seconds <= clock.start[i] +
      clock.seconds[i]);
  }

  hover(event) {
    const { search } = this.app;
    const i = this.at(event);
    if (i < 0) tip.hide();
    else {
      const id = search.clock.ids[i];
      tip.show(event.clientX, event.clientY, ...this.app.about({ search, id }));
    }
  }

  click(event) {
    const { search } = this.app;
    const i = this.at(event);
    if (i >= 0) this.app.pick(search, search.clock.ids[i]);
  }
}
