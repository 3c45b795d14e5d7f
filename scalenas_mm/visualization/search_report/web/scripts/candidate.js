// The candidate that was chosen: numbers, drawing, config, export, parents.

/** As a word of a shell's command. */
function quoted(text) {
  return /^[\w./@%+=:,-]+$/.test(text) ? text :
    `'${text.replace(/'/g, "'\\''")}'`;
}

/** Commands that export a candidate, one for each task. */
function exportCommands(search, id) {
  const { config, checkpoint, tasks } = search.commands;
  const words = ['python tools/export.py', quoted(config || 'CONFIG')];
  if (search.kind !== 'shrinking') words.push(quoted(checkpoint ||
    'CHECKPOINT'));
  words.push('--archive', quoted(search.file), '--id', String(id));
  if (!tasks.length) return [words.join(' ')];
  return tasks.map((task) => ['python tools/export.py', 'CONFIG',
    'CHECKPOINT', ...words.slice(-4), '--task', quoted(task)].join(' '));
}

function showCandidate(app, search, id) {
  const name = app.report.searches.length > 1 ? `${search.name}, ` : '';
  const arch = archOf(search, id);
  const drawn = drawingOf(search, arch);
  section('candidate', `Candidate ${id}`,
    el('p', {}, badges(app, search, id), el('span', { class: 'muted' },
      `${name}generation ${search.generations[id]}, architecture ${
        search.digests[id]}${stepText(search, id)}`)),
    id in search.failed ? el('p', { class: 'trouble' },
      `Failed: ${search.failed[id]}`) : null,
    el('p', {}, wordsOf(search, id)), drawn,
    el('div', { class: 'two' }, valuesOf(app, search, id),
      familyOf(app, search, id)),
    useOf(search, id));
  byId('candidate').querySelector('h2').after(stepButtons(app, search, id));
}

const stepText = (search, id) => (search.steps && search.steps[id] !== null ?
  `, after ${number(search.steps[id])} iterations` : '');

function badges(app, search, id) {
  const badge = (kind, text) => el('span', { class: `badge ${kind}` }, text);
  return [search.onFront.has(id) ? badge('front', 'on the front') : null,
    search.exportedOf.has(id) ? badge('good', 'exported') : null,
    id in search.failed ? badge('bad', 'failed') : null];
}

function stepButtons(app, search, id) {
  const front = app.front.fronts[search.index].map((p) => p.id);
  const at = front.indexOf(id);
  const go = (text, step) => el('button', { type: 'button',
    disabled: !front.length, onclick: () => app.pick(search, front[
      Math.max(0, Math.min(front.length - 1, at < 0 ? 0 : at + step))]) },
  text);
  return el('div', { class: 'buttons' }, go('← on the front', -1),
    go('on the front →', 1));
}

function valuesOf(app, search, id) {
  const { report } = app;
  const rows = [...search.columns.map((c) => c.key), 'seconds'].map((key) => {
    const column = report.columns.get(key);
    const value = valueOf(report, search, key, id);
    return [[column.label, valueText({ ...column, unit: key === 'seconds' ?
      's' : column.unit }, value)], value === value];
  }).filter(([, known]) => known).map(([row]) => row);
  return el('div', {}, el('h3', {}, 'Metrics and costs'),
    table([], rows, { numeric: (i) => i === 1, class: 'tall' }));
}

function useOf(search, id) {
  const json = JSON.stringify(archOf(search, id), null, 1);
  const commands = exportCommands(search, id);
  const exported = search.exportedOf.get(id);
  const file = `${search.digests[id]}.json`;
  const config = `model = dict(backbone=dict(arch='${file}'))`;
  const parts = [el('h3', {}, 'Export it as an ordinary model'),
    ...commands.map((text) => el('pre', { class: 'wrap export' }, text)),
    el('div', { class: 'buttons' }, copyButton('Copy the command',
      commands.join('\n')), copyButton('Copy the architecture', json),
    saveButton('Save it as JSON', file, json)),
    el('details', {}, el('summary', {}, 'Architecture, and how a config ' +
      'names it'), el('pre', {}, config), el('pre', {}, json))];
  if (exported) {
    parts.push(el('details', {}, el('summary', {},
      `The exported config, ${exported.config}`),
    el('pre', {}, exported.text)));
  }
  return el('div', { class: 'use' }, parts);
}

/** A network that the search is compared with. */
function showBaseline(app, point) {
  const { search, baseline } = point;
  const { report } = app;
  const rows = search.columns.filter((c) => baseline.values[c.key] !== null)
    .map((c) => [c.label, valueText(report.columns.get(c.key),
      baseline.values[c.key] / report.columns.get(c.key).factor)]);
  const arch = JSON.parse(baseline.arch);
  section('candidate', `Compared with: ${baseline.name}`,
    el('p', {}, wordsOfArch(search, arch)), drawingOf(search, arch),
    table([], rows, { numeric: (i) => i === 1 }));
}
