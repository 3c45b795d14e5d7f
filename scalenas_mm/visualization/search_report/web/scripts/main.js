// The page as a whole: what is chosen, and who has to know.

class App {
  constructor(report) {
    this.listeners = [];
    this.take(report);
    this.view = this.firstView();
    this.fromAddress();
    this.show();
  }

  take(report) {
    this.report = prepare(report);
    const before = this.search ? this.search.index : 0;
    this.search = this.report.searches[before] || this.report.searches[0];
  }

  firstView() {
    const columns = orderedColumns(this.report);
    const of = (group) => (columns.find((c) => c.group === group &&
      c.objective) || columns.find((c) => c.group === group) || { key: 'id' })
      .key;
    return { x: of('cost'), y: of('metric'), log: false, only: false,
      until: Infinity, colour: this.report.searches.length > 1 ? 'search' :
        'generation' };
  }

  lastGeneration() {
    return this.report.searches.reduce((most, search) => Math.max(most,
      search.generations.reduce((a, b) => Math.max(a, b), 0)), 0);
  }

  // -- the address keeps what is chosen, for a reload or a friend -----------
  fromAddress() {
    const words = new URLSearchParams(location.hash.slice(1));
    for (const key of ['x', 'y', 'colour']) {
      const value = words.get(key);
      const known = this.report.columns.has(value) || (key === 'colour' &&
        value === 'search' && this.report.searches.length > 1);
      if (known) this.view[key] = value;
    }
    const search = this.report.searches[Number(words.get('search') || 0)];
    const id = words.get('id') === null ? NaN : Number(words.get('id'));
    if (search && id >= 0 && id < search.num) this.picked = { search, id };
  }

  toAddress() {
    const words = new URLSearchParams({ x: this.view.x, y: this.view.y,
      colour: this.view.colour });
    if (this.picked) {
      words.set('search', this.picked.search.index);
      words.set('id', this.picked.id);
    }
    try {
      history.replaceState(null, '', `#${words}`);
    } catch (error) { /* where a page has no address */ }
  }

  setView(key, value) {
    this.view[key] = value;
    this.toAddress();
  }

  // -- what is chosen ----------------------------------------------------------
  onPick(listener) {
    this.listeners.push(listener);
  }

  isPicked(search, id) {
    return Boolean(this.picked) && this.picked.id === id &&
      this.picked.search.index === search.index;
  }

  pick(search, id) {
    const other = search.index !== this.search.index;
    this.picked = { search, id };
    this.search = search;
    if (other) this.showSearch();
    showCandidate(this, search, id);
    this.listeners.forEach((listener) => listener());
    this.toAddress();
    const keys = [this.view.x, this.view.y].map((key) => {
      const column = this.report.columns.get(key);
      return `${column.label} ${valueText(column, valueOf(this.report, search,
        key, id))}`;
    });
    say(`candidate ${id}, ${keys.join(', ')}`);
  }

  pickBaseline(point) {
    this.picked = null;
    showBaseline(this, point);
    this.listeners.forEach((listener) => listener());
  }

  /** What a tip says of a point. */
  about(point) {
    const { report } = this;
    const { search, baseline, id } = point;
    const keys = search.columns.filter((c) => c.objective ||
      c.group === 'cost' || [this.view.x, this.view.y].includes(c.key));
    const value = (c) => (baseline ? (baseline.values[c.key] === null ? NaN :
      baseline.values[c.key] / report.columns.get(c.key).factor) :
      valueOf(report, search, c.key, id));
    const rows = keys.map((c) => [c.label, valueText(report.columns.get(c.key),
      value(c))]).filter(([, text]) => text !== '–');
    const several = report.searches.length > 1 ? ` · ${search.name}` : '';
    const head = baseline ? baseline.name : `#${id}${several} · generation ${
      search.generations[id]}`;
    const words = baseline ? wordsOfArch(search, JSON.parse(baseline.arch)) :
      wordsOf(search, id);
    const exported = search.exportedOf.get(id);
    return [el('b', {}, head), exported ? el('div', { class: 'muted' },
      `exported: ${exported.config}`) : null, el('div', { class: 'muted' },
      words), id in search.failed ? el('div', {}, search.failed[id]) : null,
    table([], rows, { numeric: (i) => i === 1 })].filter(Boolean);
  }

  // -- drawing it all --------------------------------------------------------------
  show() {
    showLead(this);
    showTiles(this);
    const some = this.report.searches.some((search) => search.good.some(
      Boolean));
    if (some) {
      this.listeners = [];
      this.front = new Front(this);
      this.progress = new Progress(this);
      this.showSearch();
    } else {
      this.trouble('No candidate has been measured yet.');
    }
    showComparison(this);
    showFacts(this);
    if (some) this.showPicked();
  }

  /** What is about one search only. */
  showSearch() {
    this.workers = new Workers(this);
    showGenes(this);
    showFailures(this);
  }

  /** At first, the middle of the front: there is always a drawing to see. */
  showPicked() {
    const front = this.front.fronts[this.search.index] || [];
    if (!this.picked && front.length) {
      const { search, id } = front[Math.floor(front.length / 2)];
      this.picked = { search, id };
    }
    if (this.picked) this.pick(this.picked.search, this.picked.id);
  }

  /** Go on with newer data, where the reader is. */
  async replace(data) {
    const until = this.view.until;
    const picked = this.picked && [this.picked.search.index, this.picked.id];
    const focus = document.activeElement && document.activeElement.id;
    this.take(await unpack(data));
    for (const key of ['x', 'y', 'colour']) {
      if (!this.report.columns.has(this.view[key]) &&
        this.view[key] !== 'search') this.view = this.firstView();
    }
    this.view.until = until;
    this.picked = null;
    if (picked && this.report.searches[picked[0]].num > picked[1]) {
      this.picked = { search: this.report.searches[picked[0]],
        id: picked[1] };
    }
    byId('trouble').hidden = true;
    const at = scrollY;
    const zoom = this.front ? this.front.zoom : null;
    if (this.front) clearInterval(this.front.timer);
    this.show();
    if (zoom && this.front) this.front.setZoom(zoom);
    scrollTo({ top: at, behavior: 'instant' });
    if (focus && byId(focus)) byId(focus).focus({ preventScroll: true });
  }

  redraw() {
    if (!this.front) return;
    this.front.update();
    this.front.markRows();
    if (this.workers.canvas) this.workers.canvas.redraw();
  }

  trouble(text) {
    byId('trouble').textContent = text;
    byId('trouble').hidden = false;
  }
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
}

/** Dark if the reader's system is, until told otherwise; light on paper. */
function themes(app) {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const change = (name) => { setTheme(name); app.redraw(); };
  dark.addEventListener('change', (e) => change(e.matches ? 'dark' : 'light'));
  byId('theme').addEventListener('click', () => change(
    document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
  let before = null;
  addEventListener('beforeprint', () => {
    before = document.documentElement.dataset.theme;
    change('light');
  });
  addEventListener('afterprint', () => before && change(before));
  byId('print').addEventListener('click', () => print());
}

async function start() {
  setTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' :
    'light');
  const node = byId('data');
  const data = node.textContent;
  try {
    const app = new App(await unpack(data));
    themes(app);
    if ('live' in node.dataset) {
      app.live = new Live(app);
      app.live.data = data;
    }
    document.documentElement.dataset.ready = 'yes';
  } catch (error) {
    byId('trouble').textContent = typeof DecompressionStream === 'undefined' ?
      'This report needs a browser of 2023 or later.' :
      `This report cannot be shown: ${error}`;
    byId('trouble').hidden = false;
    throw error;
  }
}

start();
