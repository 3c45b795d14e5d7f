// A network of HR-NAS: what is left of every searching block.

const HR = { left: 74, top: 40, row: 62, unit: 20, high: 40, gap: 26 };

function drawHRNAS(arch, info) {
  const cells = hrnasCells(arch, info);
  const parts = [];
  let x = HR.left;
  const rows = Math.max(...cells.map((cell) => cell.row)) + 1;
  const groups = [...new Set(cells.map((cell) => cell.group))];
  for (const group of groups) {
    const own = cells.filter((cell) => cell.group === group);
    const counts = Array(rows).fill(0);
    for (const cell of own) {
      parts.push(...hrnasBlock(cell, x + counts[cell.row] * HR.unit,
        HR.top + cell.row * HR.row, info));
      counts[cell.row] += 1;
    }
    const width = Math.max(...counts) * HR.unit;
    parts.unshift(svg('rect', { x: x - 7, y: HR.top - 12, rx: 6,
      width: width + 8, height: rows * HR.row - 6, fill: 'var(--band)' }));
    parts.push(svg('text', { x: x + width / 2 - 3, y: HR.top - 20,
      class: 'small quiet', 'text-anchor': 'middle' }, group));
    x += Math.max(width, group.length * 6) + HR.gap;
  }
  for (let j = 0; j < rows; j += 1) {
    parts.push(svg('text', { x: 4, y: HR.top + j * HR.row + HR.high / 2 + 4,
      class: 'strong' }, `stride ${4 * 2 ** j}`));
  }
  const root = svg('svg', { viewBox: `0 0 ${x} ${HR.top + rows * HR.row}`,
    role: 'img', 'aria-label': 'network' }, ...parts);
  root.style.setProperty('min-width', `${Math.round(x * 0.6)}px`);
  root.style.setProperty('max-width', `${Math.round(x * 1.5)}px`);
  return root;
}

/** Blocks with the part of the network that they are in. */
function hrnasCells(arch, info) {
  return info.places.map((name, i) => {
    const words = name.split('.');
    const group = words[0] === 'head' ? 'head' : words[2] === 'fusion' ?
      `fusion ${Number(words[1]) + 1}` : `stage ${Number(words[1]) + 1}`;
    return { name, group, row: info.levels[i] - 2,
      channels: arch.channels[i], tokens: arch.tokens[i],
      most: info.most.channels[i], mostTokens: info.most.tokens[i] };
  });
}

/** Kernel sizes on top of each other, tokens beside them. */
function hrnasBlock(cell, x, y, info) {
  const total = cell.most.reduce((a, b) => a + b, 0) || 1;
  const left = cell.channels.reduce((a, b) => a + b, 0);
  const parts = [svg('rect', { x, y, width: 11, height: HR.high, rx: 2,
    fill: 'var(--card)', stroke: 'var(--ghost)' }, svg('title', {},
    `${cell.name}: ${cell.channels.join(', ')} channels, ${
      cell.tokens} tokens`))];
  let top = y + HR.high * (1 - left / total);
  cell.channels.forEach((num, k) => {
    const height = HR.high * num / total;
    if (height) {
      parts.push(svg('rect', { x, y: top, width: 11, height, class: 'block',
        fill: `var(--kernel${[3, 5, 7].includes(info.kernels[k]) ?
          info.kernels[k] : 9})` }));
    }
    top += height;
  });
  if (cell.tokens) {
    const height = HR.high * cell.tokens / (cell.mostTokens || cell.tokens);
    parts.push(svg('rect', { x: x + 12, y: y + HR.high - height, width: 3,
      height, fill: 'var(--tokens)' }));
  }
  return parts;
}

const HR_KEY = [['kernel3', 'kernel 3'], ['kernel5', 'kernel 5'],
  ['kernel7', 'kernel 7'], ['tokens', 'tokens'], ['ghost', 'removed']];

function wordsOfHRNAS(arch) {
  const sum = (rows) => rows.flat().reduce((a, b) => a + b, 0);
  const there = arch.channels.filter((row) => sum(row) > 0).length;
  return `${there} of ${arch.channels.length} blocks · ${sum(arch.channels)
  } channels, ${sum(arch.tokens)} tokens`;
}
