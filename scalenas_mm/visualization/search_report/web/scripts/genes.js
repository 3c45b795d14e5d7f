// What the best have in common: genes, patterns, and what samplers draw.

function showGenes(app) {
  const { search } = app;
  for (const id of ['importance', 'patterns', 'densities']) {
    byId(id).hidden = true;
  }
  if (search.genes && search.genes.genes.length) showImportance(search.genes);
  if (search.patterns && search.patterns.kind === 'shares') {
    showShares(search.patterns, search.genes);
  }
  if (search.patterns && search.patterns.kind === 'ranges') {
    showRanges(search.patterns, search.genes);
  }
  if (search.densities) showDensities(search.densities);
}

function showImportance(genes) {
  const most = Math.max(genes.limit, genes.genes[0].bits) * 1.05;
  const clear = genes.genes.filter((gene) => gene.bits > genes.limit).length;
  section('importance', 'Which genes separate the best from the rest',
    el('p', { class: 'note' }, `The best are ${genes.best} of ${genes.num} ` +
      'candidates, by peeling fronts of all objectives. Bars are the mutual ' +
      'information of a gene and being among them, in bits. The line is the ' +
      'limit of chance: random choices of as many candidates stay below it, ' +
      `for all genes, in 95 of 100 cases. ${clear} of those shown are above.`),
    el('div', {}, genes.genes.map((gene) => geneRow(gene, most,
      genes.limit))));
}

function geneRow(gene, most, limit) {
  const above = gene.bits > limit;
  return el('div', { class: 'gene' }, el('span', {}, gene.name),
    el('div', { class: 'bar', role: 'img', 'aria-label': `${number(
      gene.bits)} bits${above ? '' : ', no more than chance'}` },
    svg('svg', { preserveAspectRatio: 'none', viewBox: '0 0 100 10' },
      svg('rect', { width: 100 * gene.bits / most, height: 10,
        fill: above ? 'var(--accent)' : 'var(--ghost)' }),
      svg('line', { x1: 100 * limit / most, x2: 100 * limit / most, y1: 0,
        y2: 10, stroke: 'var(--front)', 'vector-effect': 'non-scaling-stroke',
        'stroke-width': 1.5 }))),
    el('span', { class: 'values' }, valueWords(gene)));
}

/** The values that the best have more often than the rest. */
function valueWords(gene) {
  const percent = (share) => `${Math.round(100 * share)} %`;
  const order = gene.values.map((_, i) => i).sort((a, b) =>
    (gene.best[b] - gene.rest[b]) - (gene.best[a] - gene.rest[a]));
  const i = order[0];
  return `${gene.values[i]}: ${percent(gene.best[i])} of the best, ${
    percent(gene.rest[i])} of the rest`;
}

/** A small chart for each target (row) and source (column). */
function showShares(patterns, genes) {
  const { best, rest } = patterns;
  const num = best.length;
  const cell = 150;
  const [left, top] = [92, 26];
  const parts = [];
  for (let j = 0; j < num; j += 1) {
    parts.push(svg('text', { x: 2, y: top + j * 96 + 48, class: 'strong' },
      `to ${4 * 2 ** j}`), svg('text', { class: 'strong',
      x: left + j * cell + 65, y: 16, 'text-anchor': 'middle' },
    `from stride ${4 * 2 ** j}`));
    for (let k = 0; k < num; k += 1) {
      parts.push(...shareCell(left + k * cell, top + j * 96, j === k,
        best[j][k], rest[j][k]));
    }
  }
  const width = left + num * cell;
  const root = svg('svg', { viewBox: `0 0 ${width} ${top + num * 96 + 6}`,
    role: 'img', 'aria-label': 'shares of blocks and fusions' }, parts);
  root.style.setProperty('width', '100%');
  root.style.setProperty('min-width', '560px');
  root.style.setProperty('max-width', `${width * 1.25}px`);
  section('patterns', 'Patterns of the best networks', el('p',
    { class: 'note' }, 'The share of modules that have each fusion after ' +
    'block 1, 2, …; on the diagonal, the share that have this block. Red: ' +
    `the best ${genes.best}; grey: the ${genes.num - genes.best} others.`),
  el('div', { class: 'scroll' }, root));
}

function shareCell(x0, y0, own, best, rest) {
  const [w, h] = [132, 78];
  const n = best.length;
  const x = (i) => x0 + 12 + i * (w - 24) / Math.max(1, n - 1);
  const y = (v) => y0 + h - 10 - v * (h - 24);
  const path = (values) => values.map((v, i) =>
    `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('');
  const dots = (values, stroke) => values.map((v, i) => svg('circle', {
    cx: x(i), cy: y(v), r: 2.6, fill: stroke }));
  return [svg('rect', { x: x0, y: y0, width: w, height: h, rx: 6,
    fill: own ? 'var(--soft)' : 'none', stroke: 'var(--line)' }),
  ...[0, 0.5, 1].map((v) => svg('line', { class: 'grid', x1: x0 + 4,
    x2: x0 + w - 4, y1: y(v), y2: y(v) })),
  svg('path', { d: path(rest), fill: 'none', stroke: 'var(--fixed)',
    'stroke-width': 1.5 }), ...dots(rest, 'var(--fixed)'),
  svg('path', { d: path(best), fill: 'none', stroke: 'var(--front)',
    'stroke-width': 2 }), ...dots(best, 'var(--front)'),
  svg('text', { x: x0 + w - 6, y: y0 + 12, class: 'small quiet',
    'text-anchor': 'end' }, own ? 'block' : 'fusion')];
}

/** Where the mean of each gene lies between its least and its most. */
function showRanges(patterns, genes) {
  const rows = patterns.rows.map(([name, low, high, best, rest]) => {
    const at = (v) => 100 * (v - low) / (high - low);
    return el('div', { class: 'gene' }, el('span', {}, name),
      el('div', { class: 'bar' }, svg('svg', { viewBox: '-4 0 108 10' },
        svg('line', { x1: at(rest), x2: at(best), y1: 5, y2: 5,
          stroke: 'var(--fixed)' }),
        svg('circle', { cx: at(rest), cy: 5, r: 3, fill: 'var(--fixed)' }),
        svg('circle', { cx: at(best), cy: 5, r: 3.6,
          fill: 'var(--front)' }))),
      el('span', { class: 'values' }, `${low} to ${high}: ${number(
        best)}, the others ${number(rest)}`));
  });
  section('patterns', 'Patterns of the best networks', el('p',
    { class: 'note' }, 'The mean of every choice between its least and its ' +
    `most. Red: the best ${genes.best}; grey: the ${genes.num -
      genes.best} others.`), el('div', {}, rows));
}

function showDensities(densities) {
  const { at, curves } = densities;
  const most = at[at.length - 1];
  const [factor, unit] = most >= 1e9 ? [1e9, 'G'] : [1e6, 'M'];
  const [width, step, high] = [900, 30, 46];
  const box = { left: 150, right: width - 12, top: 24,
    bottom: high + step * curves.length };
  const x = makeScale(at[0] / factor, most / factor, box.left, box.right);
  const rows = curves.map(([name, density], i) => ridge(name, density.map(
    (v, k) => [x(at[k] / factor), v]), high + step * (i + 1) - step, high,
  name === 'candidates' ? 'front' : name === 'uniform sampling' ? 'fixed' :
    `branch${Math.floor(i / 3) % 6}`));
  const root = svg('svg', { viewBox: `0 0 ${width} ${box.bottom + 44}`,
    role: 'img', 'aria-label': 'densities' }, svgAxes(x, null, box,
    [`MACs of the backbone (${unit})`]), rows);
  root.style.setProperty('width', '100%');
  root.style.setProperty('min-width', '520px');
  section('densities', 'What the groups of the sampler draw', el('p',
    { class: 'note' }, 'Densities of the cost of random networks: of each ' +
    'group of grouped sampling (d: depths, f: share of fusions), of uniform ' +
    'sampling, and of the candidates of this search. Each is as high as its ' +
    'highest point.'), el('div', { class: 'scroll' }, root));
}

function ridge(name, points, base, high, stroke) {
  const path = points.map(([x, v], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${
    (base - v * (high - 8)).toFixed(1)}`).join('');
  const last = points[points.length - 1][0];
  return [svg('path', { d: `${path}L${last} ${base}L${points[0][0]} ${base}z`,
    fill: `var(--${stroke})`, 'fill-opacity': 0.22 }),
  svg('path', { d: path, fill: 'none', stroke: `var(--${stroke})`,
    'stroke-width': 1.6 }), svg('text', { x: 138, y: base - 3,
    'text-anchor': 'end' }, name)];
}
