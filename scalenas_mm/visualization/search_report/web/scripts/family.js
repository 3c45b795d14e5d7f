// Whom a candidate descends from, and who descends from it.

const TREE = { depth: 2, width: 116, gap: 24, row: 44, high: 36 };
const CHILDREN = 6;

function familyOf(app, search, id) {
  const nodes = [];
  const edges = [];
  const tops = { next: 0 };
  const self = placeParents(search, id, 0, nodes, edges, tops);
  const children = childrenOf(search, id);
  children.slice(0, CHILDREN).forEach((child, i) => {
    const node = { id: child, column: 1, row: i };
    nodes.push(node);
    edges.push([self, node]);
  });
  if (nodes.length === 1) {
    return el('div', {}, el('h3', {}, 'Parents'), el('p', { class: 'note' },
      'It was not made of others.'));
  }
  const more = children.length > CHILDREN ? ` (${CHILDREN} of ${
    children.length} children are shown)` : '';
  return el('div', {}, el('h3', {}, `Parents and children${more}`),
    el('div', { class: 'scroll' }, treeOf(app, search, id, nodes, edges)));
}

/** Parents above each other, a candidate in the middle of its own. */
function placeParents(search, id, level, nodes, edges, tops) {
  const node = { id, column: -level, row: 0 };
  nodes.push(node);
  const parents = level < TREE.depth ? [...new Set(search.parents[id])]
    .filter((one) => one >= 0 && one < id) : [];
  const placed = parents.slice(0, 4).map((parent) =>
    placeParents(search, parent, level + 1, nodes, edges, tops));
  if (placed.length) {
    node.row = (placed[0].row + placed[placed.length - 1].row) / 2;
  } else {
    node.row = tops.next;
    tops.next += 1;
  }
  placed.forEach((parent) => edges.push([parent, node]));
  return node;
}

function treeOf(app, search, id, nodes, edges) {
  const first = Math.min(...nodes.map((node) => node.column));
  const last = Math.max(...nodes.map((node) => node.column));
  const rows = Math.max(...nodes.map((node) => node.row)) + 1;
  const x = (node) => (node.column - first) * (TREE.width + TREE.gap) + 2;
  const y = (node) => node.row * TREE.row + 3;
  const width = (last - first + 1) * (TREE.width + TREE.gap) - TREE.gap + 4;
  const lines = edges.map(([a, b]) => {
    const [x0, y0] = [x(a) + TREE.width, y(a) + TREE.high / 2];
    const [x1, y1] = [x(b), y(b) + TREE.high / 2];
    const middle = (x0 + x1) / 2;
    return svg('path', { class: 'edge',
      d: `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}` });
  });
  const root = svg('svg', { viewBox: `0 0 ${width} ${rows * TREE.row}`,
    role: 'group', 'aria-label': 'family', class: 'family' }, lines,
  nodes.map((node) => nodeOf(app, search, id, node, x(node), y(node))));
  root.style.setProperty('width', `${width}px`);
  root.style.setProperty('max-width', 'none');
  return root;
}

function nodeOf(app, search, id, node, x, y) {
  const self = node.id === id;
  const go = () => app.pick(search, node.id);
  const key = app.view.y;
  const value = valueOf(app.report, search, key, node.id);
  const words = node.id in search.failed ? 'failed' :
    valueText(app.report.columns.get(key), value);
  return svg('g', { class: `node${self ? ' self' : ''}${
    search.onFront.has(node.id) ? ' front' : ''}`,
  tabindex: self ? null : 0, role: self ? null : 'button',
  'aria-label': `candidate ${node.id}`, onclick: self ? null : go,
  onkeydown: self ? null : (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      go();
    }
  } }, svg('rect', { x, y, width: TREE.width, height: TREE.high, rx: 7 }),
  svg('text', { x: x + 9, y: y + 15, class: 'strong' }, `#${node.id}`),
  svg('text', { x: x + TREE.width - 8, y: y + 15, class: 'small quiet',
    'text-anchor': 'end' }, `gen. ${search.generations[node.id]}`),
  svg('text', { x: x + 9, y: y + 29, class: 'small quiet' }, words));
}
