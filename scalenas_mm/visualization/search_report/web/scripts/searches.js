// What there is to say in words: totals, comparison, failures, facts.

function showTiles(app) {
  const { report } = app;
  const tiles = [];
  const sum = (f) => report.searches.map(f).reduce((a, b) => a + b, 0);
  const failed = sum((s) => Object.keys(s.failed).length);
  tiles.push([number(sum((s) => s.num)), failed ?
    `candidates, ${failed} of them failed` : 'candidates']);
  if (report.searches.length === 1) tiles.push(...ownTiles(app));
  else tiles.push([number(report.searches.length), 'searches']);
  byId('tiles').replaceChildren(...tiles.map(([value, text]) =>
    el('div', { class: 'tile' }, el('b', {}, value), el('span', {}, text))));
}

function ownTiles(app) {
  const { report, search } = app;
  const many = Object.keys(search.objectives).length > 2;
  const tiles = [[number(search.front.length), many ?
    'on the front of all objectives' : 'on the front']];
  for (const column of search.columns.filter((c) => c.objective &&
    c.group === 'metric').slice(0, 2)) {
    const [low, high] = rangeOf(search.good.map((good, id) => (good ?
      valueOf(report, search, column.key, id) : NaN)), 0);
    if (search.front.length) {
      tiles.push([number(column.better === 'min' ? low : high),
        `best ${column.label}`]);
    }
  }
  const cost = search.columns.find((c) => c.objective && c.group === 'cost');
  if (cost && search.front.length > 1) {
    const values = search.front.map((id) => valueOf(report, search, cost.key,
      id));
    const [low, high] = rangeOf(values, 0);
    tiles.push([`${number(low)} – ${number(high)}`,
      `${titleOf(cost)}, on the front`]);
  }
  tiles.push([duration(search.clock.seconds.reduce((a, b) => a + b, 0)),
    'measuring']);
  return tiles;
}

function showLead(app) {
  const { search, report } = app;
  if (report.searches.length > 1) {
    byId('lead').textContent = report.searches.map((s) => s.name).join(' · ');
    return;
  }
  const ways = Object.entries(search.objectives).map(([key, way]) =>
    `${way === 'max' ? 'high' : 'low'} ${
      (report.columns.get(key) || { label: key }).label}`);
  const parts = [search.space, search.networks ?
    `${search.networks} networks` : '', search.size ?
    `images of ${search.size.join(' × ')}` : '', ways.join(', ')];
  byId('lead').textContent = parts.filter(Boolean).join(' · ');
}

function showComparison(app) {
  const { report } = app;
  const { comparison } = report;
  byId('comparison').hidden = !comparison;
  if (!comparison) return;
  const percent = (v) => (v === null ? '–' : `${number(100 * v)} %`);
  const rows = comparison.rows.map((row, i) => [report.searches[i].name,
    number(report.searches[i].num), number(row.front),
    percent(row.hypervolume), row.distance === null ? '–' :
      number(row.distance), number(row.shared)]);
  const keys = Object.keys(comparison.objectives);
  section('comparison', 'The searches compared', el('p', { class: 'note' },
    keys.length ? `By ${keys.join(', ')}, each scaled to [0, 1] over all of ` +
      'them. The distance (IGD+) is that from the front of all of them ' +
      'together to that of one.' : 'They have no objectives in common.'),
  rows.length ? table(['search', 'candidates', 'on its front', 'hypervolume',
    'distance', 'on the front of all'], rows, { numeric: (i) => i > 0 }) :
    null, bothWords(report, comparison.both));
}

function bothWords(report, both) {
  const [one, other] = report.searches;
  const ranks = Object.entries(both.ranks).filter(([, r]) => r !== null)
    .map(([key, r]) => `${key} ${number(r)}`);
  const words = both.num ? `${one.name} and ${other.name} measured ${
    number(both.num)} architectures both.` : `${one.name} and ${
    other.name} have no architecture in common.`;
  return el('p', { class: 'note' }, words, ranks.length ?
    ` Rank correlation of what they measured: ${ranks.join(', ')}.` : '');
}

const FAILURES = 50;

function showFailures(app) {
  const { search } = app;
  const ids = Object.keys(search.failed).map(Number);
  byId('failures').hidden = !ids.length;
  if (!ids.length) return;
  const rows = ids.slice(0, FAILURES).map((id) => ({ attributes: {
    onclick: () => app.pick(search, id) }, cells: [el('button', {
    type: 'button', class: 'link' }, `#${id}`), search.failed[id]] }));
  section('failures', `Failed: ${number(ids.length)}`, table(['candidate',
    'why'], rows, { class: 'picks tall' }));
}

function showFacts(app) {
  const { report } = app;
  const parts = [];
  for (const search of report.searches) {
    if (report.searches.length > 1) parts.push(el('h3', {}, search.name));
    for (const [name, text] of search.facts) {
      parts.push(text.length < 90 ? el('p', {}, el('span',
        { class: 'muted' }, `${name}: `), text) : el('details', {},
        el('summary', {}, name), el('pre', { class: 'wrap' }, text)));
    }
    parts.push(...search.notes.map((note) => el('p', { class: 'note' },
      `Left out: ${note}`)));
  }
  section('facts', 'About this search', el('div', {}, parts));
}
