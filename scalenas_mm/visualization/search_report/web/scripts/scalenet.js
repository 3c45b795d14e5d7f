// A ScaleNet: branches as rows, time from left to right.

const SCALE = { left: 92, top: 62, row: 58, pitch: 34, block: 13, high: 22,
  pad: 9, gap: 20, between: 4, band: 24 };

function drawScaleNet(arch, info) {
  const place = scaleLayout(arch, info);
  const live = liveDepths(arch, info);
  const parts = { bands: [], maps: [], fusions: [], blocks: [], labels: [] };
  scaleBegin(parts, place, info);
  arch.modules.forEach((module, m) =>
    scaleModule(parts, place, module, m, live, arch, info));
  scaleEnd(parts, place, info);
  const height = SCALE.top + SCALE.row * (place.rows - 1) + 78;
  const root = svg('svg', { viewBox: `0 0 ${place.width} ${height}`,
    role: 'img', 'aria-label': 'topology', class: 'topology' }, arrowHeads(),
  ...Object.values(parts).flat());
  root.style.setProperty('min-width', `${Math.round(place.width * 0.62)}px`);
  root.style.setProperty('max-width', `${Math.round(place.width * 1.3)}px`);
  return root;
}

/** Edges of stem, stage 1 and modules. */
function scaleLayout(arch, info) {
  const step = SCALE.block + 7;
  const stem = SCALE.left + SCALE.pad;
  const stage1 = stem + 2 * step + SCALE.gap;
  let x = stage1 + info.stage1 * step + SCALE.pad;
  const modules = arch.modules.map((module, m) => {
    if (startsStage(info, m)) x += SCALE.gap;
    const left = x;
    const levels = Math.max(...module.depth);
    x += levels * SCALE.pitch + 2 * SCALE.pad + SCALE.between;
    return { left, right: x - SCALE.between };
  });
  const rows = Math.max(...info.branches);
  const y = (row) => SCALE.top + SCALE.row * row;
  return { stem, stage1, step, modules, rows, y, width: x + 34,
    block: (m, level) => modules[m].left + SCALE.pad + level * SCALE.pitch };
}

const startsStage = (info, m) =>
  m === 0 || info.branches[m] !== info.branches[m - 1];

/** Of the last module: how deep each branch is read, at a single output. */
function liveDepths(arch, info) {
  const last = arch.modules[arch.modules.length - 1];
  return { module: info.single ? arch.modules.length - 1 : -1,
    keep: last.depth[0] };
}

function isDead(live, m, target, level, fusion) {
  if (m !== live.module || target === 0) return false;
  return level >= live.keep - (fusion ? 1 : 0);
}

function scaleBegin(parts, place, info) {
  const right = place.modules[0].left;
  parts.maps.push(svg('line', { x1: place.stem - 16, x2: right,
    y1: place.y(0), y2: place.y(0), stroke: 'var(--fixed)',
    'stroke-width': 1.6 }));
  const box = (x, i, filled) => parts.blocks.push(svg('rect', {
    x: x + i * place.step, y: place.y(0) - SCALE.high / 2, rx: 3,
    width: SCALE.block, height: SCALE.high, stroke: 'var(--fixed)',
    fill: filled ? 'var(--fixed)' : 'var(--card)' }));
  for (let i = 0; i < 2; i += 1) box(place.stem, i, false);
  for (let i = 0; i < info.stage1; i += 1) box(place.stage1, i, true);
  const name = (x, text) => parts.labels.push(svg('text', { x,
    y: place.y(0) - SCALE.band - 8, class: 'small quiet' }, text));
  name(place.stem, 'stem');
  name(place.stage1, 'stage 1');
  for (let j = 0; j < place.rows; j += 1) {
    parts.labels.push(svg('text', { x: 4, y: place.y(j) - 1, class: 'strong',
      css: { fill: `var(--branch${j % 6})` } }, `stride ${4 * 2 ** j}`));
    if (info.width) {
      parts.labels.push(svg('text', { x: 4, y: place.y(j) + 13,
        class: 'small quiet' }, `${info.width * 2 ** j} channels`));
    }
  }
}

function scaleModule(parts, place, module, m, live, arch, info) {
  const { left, right } = place.modules[m];
  const num = module.depth.length;
  parts.bands.push(svg('rect', { x: left, y: place.y(0) - SCALE.band, rx: 6,
    width: right - left, height: SCALE.row * (num - 1) + 2 * SCALE.band,
    fill: 'var(--band)', stroke: 'var(--band-line)' }));
  const fusions = module.fusion.flat(2).reduce((a, b) => a + b, 0);
  const middle = (left + right) / 2;
  const text = (y, words) => parts.labels.push(svg('text', { x: middle, y,
    class: 'small quiet', 'text-anchor': 'middle' }, words));
  text(place.y(num - 1) + SCALE.band + 15, module.depth.join('-'));
  text(place.y(num - 1) + SCALE.band + 28,
    `${fusions} fusion${fusions === 1 ? '' : 's'}`);
  if (startsStage(info, m)) {
    parts.labels.push(svg('text', { x: left, class: 'strong',
      y: place.y(0) - SCALE.band - 8 }, `stage ${num}`));
    const from = m ? place.modules[m - 1].right : left - SCALE.gap;
    parts.maps.push(scaleArrow(from, place.y(num - 2), left + 3,
      place.y(num - 1), 'ink', 1.6));
  }
  module.depth.forEach((depth, j) => {
    scaleBranch(parts, place, m, j, depth, live, arch, info);
    module.fusion[j].forEach((row, level) => scaleFusions(parts, place, m, j,
      level, row, isDead(live, m, j, level, true)));
  });
}

function scaleBranch(parts, place, m, j, depth, live, arch, info) {
  const { left, right } = place.modules[m];
  const y = place.y(j);
  const fresh = startsStage(info, m) && j === arch.modules[m].depth.length - 1;
  const from = m && !fresh ? place.modules[m - 1].right : left;
  const dead = m === live.module && j > 0;
  const end = dead ? place.block(m, live.keep - 1) + SCALE.block : right;
  parts.maps.push(svg('line', { x1: from, x2: end, y1: y, y2: y,
    stroke: `var(--branch${j % 6})`, 'stroke-width': 1.4 }));
  for (let level = 0; level < depth; level += 1) {
    const off = isDead(live, m, j, level, false);
    parts.blocks.push(svg('rect', { x: place.block(m, level), rx: 3,
      y: y - SCALE.high / 2, width: SCALE.block, height: SCALE.high,
      class: 'block', fill: off ? 'var(--card)' : `var(--branch${j % 6})`,
      stroke: off ? 'var(--dead)' : 'none' }));
  }
  const widths = arch.widths && arch.widths[m];
  if (widths) {
    parts.labels.push(svg('text', { x: left + 3, y: y - 14, class: 'small',
      css: { fill: `var(--branch${j % 6})` } }, widths[j]));
  }
}

function scaleFusions(parts, place, m, target, level, row, dead) {
  const end = place.block(m, level) + SCALE.pitch - 5;
  const start = place.block(m, level) + SCALE.block + 1;
  let any = false;
  row.forEach((bit, source) => {
    if (!bit) return;
    any = true;
    const kind = dead ? 'dead' : source > target ? 'up' : 'down';
    const side = source > target ? 4 : -4;
    parts.fusions.push(scaleArrow(start, place.y(source), end,
      place.y(target) + side, kind, 1, 'fusion'));
  });
  if (any) {
    parts.blocks.push(svg('circle', { cx: end, cy: place.y(target), r: 2.6,
      fill: 'var(--card)', stroke: dead ? 'var(--dead)' :
        `var(--branch${target % 6})`, 'stroke-width': 1.2 }));
  }
}

function scaleEnd(parts, place, info) {
  const { right } = place.modules[place.modules.length - 1];
  const rows = info.single ? 1 : place.rows;
  for (let j = 0; j < rows; j += 1) {
    parts.maps.push(scaleArrow(right, place.y(j), right + 26, place.y(j),
      'ink', 1.6));
  }
}

function scaleArrow(x1, y1, x2, y2, kind, width, name) {
  return svg('line', { x1, y1, x2, y2, stroke: `var(--${kind})`,
    'stroke-width': width, class: name || null,
    'marker-end': `url(#head-${kind})` });
}

/** Tips of arrows, once in the page. */
function arrowHeads() {
  return svg('defs', {}, ['up', 'down', 'dead', 'ink'].map((kind) =>
    svg('marker', { id: `head-${kind}`, viewBox: '0 0 8 8', refX: 7, refY: 4,
      markerWidth: 5, markerHeight: 5, orient: 'auto',
      markerUnits: 'userSpaceOnUse' }, svg('path', { d: 'M0 0L8 4L0 8z',
      fill: `var(--${kind})` }))));
}

const SCALE_KEY = [['up', 'fusion up'], ['down', 'fusion down'],
  ['fixed', 'stem and bottlenecks'], ['branch0', 'residual blocks'],
  ['dead', 'reaches no output']];

function wordsOfScaleNet(arch) {
  const blocks = arch.modules.reduce((sum, module) => sum +
    module.depth.reduce((a, b) => a + b, 0), 0);
  const fusions = arch.modules.reduce((sum, module) => sum +
    module.fusion.flat(2).reduce((a, b) => a + b, 0), 0);
  const depths = arch.modules.map((module) => module.depth.join(''));
  return `${blocks} blocks, ${fusions} fusions · depths ${depths.join(' ')}`;
}
