// What the page was given: searches, their candidates and numbers.

const MARKS = ['id', 'generation', 'seconds'];

/** From deflated JSON in base64. */
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream('deflate-raw'));
  return JSON.parse(await new Response(stream).text());
}

/** Add what is looked up often. */
function prepare(report) {
  report.columns = new Map();
  report.searches.forEach((search, index) => {
    search.index = index;
    search.num = search.generations.length;
    search.onFront = new Set(search.front);
    search.exportedOf = new Map(search.exported.map((one) => [one.id, one]));
    search.good = search.generations.map((_, id) => !(id in search.failed));
    search.seconds = new Map(
      search.clock.ids.map((id, i) => [id, search.clock.seconds[i]]));
    for (const column of search.columns) {
      if (!report.columns.has(column.key)) {
        report.columns.set(column.key, column);
      }
    }
  });
  const plain = { group: 'mark', unit: '', factor: 1, better: null };
  const labels = { id: 'candidate', generation: 'generation',
    seconds: 'seconds' };
  for (const key of MARKS) {
    if (!report.columns.has(key)) {
      report.columns.set(key, { ...plain, key, label: labels[key] });
    }
  }
  return report;
}

/** A number of a candidate in its column's unit; NaN where there is none. */
function valueOf(report, search, key, id) {
  const column = report.columns.get(key);
  let value;
  if (key in search.values) value = search.values[key][id];
  else if (key === 'id') value = id;
  else if (key === 'generation') value = search.generations[id];
  else if (key === 'seconds') value = search.seconds.get(id);
  return value === null || value === undefined ? NaN : value / column.factor;
}

/** The architecture of a candidate; an edited archive may hold anything. */
function archOf(search, id) {
  try {
    return JSON.parse(search.archs[id]);
  } catch (error) {
    return {};
  }
}

/** Who descends from a candidate. */
function childrenOf(search, id) {
  if (!search.children) {
    search.children = new Map();
    search.parents.forEach((parents, child) => {
      for (const parent of parents) {
        if (!search.children.has(parent)) search.children.set(parent, []);
        search.children.get(parent).push(child);
      }
    });
  }
  return search.children.get(id) || [];
}

/** Metrics, then costs, of what was searched for first; then the rest. */
function orderedColumns(report, marks = false) {
  const all = [...report.columns.values()];
  return all.filter((c) => marks || c.group !== 'mark');
}

/** Indices of points that no other beats, by ascending x. NaN is left out. */
function frontOf(xs, ys, lowX, lowY, ids) {
  const sx = lowX ? 1 : -1;
  const sy = lowY ? 1 : -1;
  const known = ids.filter((i) => xs[i] === xs[i] && ys[i] === ys[i]);
  known.sort((a, b) => sx * (xs[a] - xs[b]) || sy * (ys[a] - ys[b]));
  let best = Infinity;
  const out = [];
  for (const i of known) {
    const last = out[out.length - 1];
    if (sy * ys[i] < best) {
      best = sy * ys[i];
      out.push(i);
    } else if (out.length && xs[i] === xs[last] && ys[i] === ys[last]) {
      out.push(i);
    }
  }
  return out.sort((a, b) => xs[a] - xs[b]);
}

/**
 * Hypervolume after each point, as a share of the rectangle of all points.
 * Points come in order; what is NaN adds nothing.
 */
function runningVolume(points, box) {
  const front = []; // by ascending x, descending y, both to be minimised
  let volume = 0;
  return points.map(([px, py]) => {
    const x = (px - box.x0) / (box.x1 - box.x0 || 1);
    const y = (py - box.y0) / (box.y1 - box.y0 || 1);
    if (x === x && y === y && x < 1 && y < 1) volume += gain(front, x, y);
    return volume;
  });
}

/** Put a point into a front; return the area that it adds below (1, 1). */
function gain(front, x, y) {
  let low = 0;
  let high = front.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (front[middle][0] < x) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && front[low - 1][1] <= y) return 0;
  if (low < front.length && front[low][0] === x && front[low][1] <= y) return 0;
  let last = low;
  while (last < front.length && front[last][1] >= y) last += 1;
  const right = last < front.length ? front[last][0] : 1;
  const top = low > 0 ? front[low - 1][1] : 1;
  let area = (right - x) * (top - y);
  for (let i = low; i < last; i += 1) {
    const next = i + 1 < last ? front[i + 1][0] : right;
    area -= (next - front[i][0]) * (top - front[i][1]);
  }
  front.splice(low, last - low, [x, y]);
  return Math.max(0, area);
}
