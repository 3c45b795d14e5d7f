// Networks of stages: a bar for each block, as high as it has channels.

const BARS = { left: 12, bar: 13, gap: 5, high: 74, between: 30, top: 34 };

/** Columns of bars: { name, rows: [{ num, value, most, kernel, words,
 *  attention, copies }] }, each as drawn before the next. */
function drawBars(columns, options = {}) {
  const rows = Math.max(...columns.map((column) => column.rows.length));
  const row = BARS.high + (options.words === false ? 26 : 44);
  const parts = [];
  let x = BARS.left;
  for (const column of columns) {
    const widest = Math.max(...column.rows.map((one) =>
      Math.max(one.num, one.ghosts || 0)));
    const width = Math.max(widest * (BARS.bar + BARS.gap) - BARS.gap, 46,
      column.name.length * 6.4);
    parts.push(svg('text', { x: x + width / 2, y: 16, class: 'strong',
      'text-anchor': 'middle' }, column.name));
    column.rows.forEach((one, j) =>
      parts.push(...barsOf(one, x, width, BARS.top + j * row)));
    x += width + BARS.between;
  }
  const height = BARS.top + rows * row;
  const root = svg('svg', { viewBox: `0 0 ${x} ${height}`, role: 'img',
    'aria-label': options.label || 'network' }, ...parts);
  root.style.setProperty('min-width', `${Math.round(x * 0.7)}px`);
  root.style.setProperty('max-width', `${Math.round(x * 1.5)}px`);
  return root;
}

function barsOf(one, x, width, y) {
  const middle = y + BARS.high / 2;
  const all = Math.max(one.num, one.ghosts || 0);
  const left = x + (width - all * (BARS.bar + BARS.gap) + BARS.gap) / 2;
  const parts = [svg('line', { x1: x - BARS.between / 2, x2: x + width +
    BARS.between / 2, y1: middle, y2: middle, stroke: 'var(--line)' })];
  for (let i = 0; i < all; i += 1) {
    const at = left + i * (BARS.bar + BARS.gap);
    parts.push(bar(at, middle, BARS.high, 'var(--card)', 'var(--ghost)'));
    if (i < one.num) {
      parts.push(bar(at, middle, BARS.high * Math.min(1, one.value / one.most),
        `var(--kernel${[3, 5, 7].includes(one.kernel) ? one.kernel :
          one.kernel % 2 ? 9 : 0})`, 'none', 'block'));
    }
    if (i < one.num && one.attention) {
      parts.push(svg('circle', { cx: at + BARS.bar / 2,
        cy: middle - BARS.high / 2 - 6, r: 3, fill: 'var(--tokens)' }));
    }
  }
  (one.words || []).forEach((text, i) => parts.push(svg('text', {
    x: x + width / 2, y: y + BARS.high + 13 + 13 * i, class: 'small quiet',
    'text-anchor': 'middle' }, text)));
  return parts;
}

function bar(x, middle, height, fillColour, stroke, name) {
  return svg('rect', { x, y: middle - height / 2, width: BARS.bar, height,
    rx: 3, fill: fillColour, stroke, class: name || null });
}

const asList = (value) => (Array.isArray(value) ? value : [value]);

function drawViPNAS(arch, info) {
  const most = info.most;
  const rows = Math.max(...most.stages.map((s) => asList(s.width).length));
  const widths = Array.from({ length: rows }, (_, j) => Math.max(
    ...most.stages.map((stage) => asList(stage.width)[j] || 0)));
  const widest = Math.max(most.stem, most.head ? most.head.width : 0,
    widths[0]);
  const columns = [{ name: 'stem', rows: [{ num: 1, value: arch.stem,
    most: widest, kernel: 3, words: [`${arch.stem} channels`] }] }];
  arch.stages.forEach((stage, i) => columns.push({ name: `stage ${i + 1}`,
    rows: asList(stage.width).map((width, j) => ({ num: stage.depth,
      ghosts: most.stages[i].depth, value: width,
      most: j ? widths[j] : widest,
      kernel: asList(stage.kernel)[j], attention: asList(stage.attention)[j],
      words: stageWords(stage, j) })) }));
  if (arch.head) {
    columns.push({ name: 'head', rows: [{ num: arch.head.groups.length,
      value: arch.head.width, most: widest, kernel: arch.head.kernel,
      words: [`${arch.head.width} channels`,
        `groups ${arch.head.groups.join(' ')}`] }] });
  }
  return drawBars(columns);
}

function stageWords(stage, j) {
  const of = (key) => asList(stage[key])[j];
  const more = of('expansion') > 1 ? ` ×${of('expansion')}` : '';
  return [`${of('width')} channels${more}`, `groups ${of('groups')}`];
}

function drawTViPNAS(arch, info) {
  const box = el('div', {}, el('p', { class: 'note' },
    'The key frame has the whole network; these are the frames after it.'));
  arch.frames.forEach((frame, t) => box.append(el('h3', {},
    `frame ${t + 1}: ${fusionWords(frame)}`), drawViPNAS(frame.network,
    info)));
  return box;
}

const fusionWords = (frame) => (frame.operation === 'none' ?
  'no heatmaps of the frame before' :
  `heatmaps of the frame before: ${frame.operation} behind stage ${
    frame.stage}`);

const BAR_KEY = [['kernel3', 'kernel 3'], ['kernel5', 'kernel 5'],
  ['kernel7', 'kernel 7'], ['kernel0', 'transposed'],
  ['tokens', 'attention'], ['ghost', 'the most that there may be']];

function wordsOfViPNAS(arch) {
  const stages = arch.stages.map((stage) => `${stage.depth}×${
    asList(stage.width).join('/')} k${asList(stage.kernel).join('/')}${
    asList(stage.attention).some(Boolean) ? ' att' : ''}`);
  return `stem ${arch.stem} · ${stages.join(' · ')}`;
}

function wordsOfTViPNAS(arch) {
  return arch.frames.map((frame) => (frame.operation === 'none' ? 'none' :
    `${frame.operation}@${frame.stage}`) + ` ${frame.network.stages
    .map((stage) => `${stage.depth}×${asList(stage.width)[0]}`).join(' ')}`)
    .join(' | ');
}
