// Axes of plots: scales, ticks, and canvases that are as sharp as the screen.

/** Round numbers from low to high, about so many. */
function ticksOf(low, high, count, log) {
  if (log && low > 0 && high / low > 3) return logTicks(low, high);
  const span = high - low || Math.abs(high) || 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((m) => m * power >= raw) * power;
  const out = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9;
    i += 1) out.push(Number((i * step).toPrecision(12)));
  return out;
}

function logTicks(low, high) {
  const out = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p += 1) {
    for (const m of [1, 2, 5]) {
      const value = m * 10 ** p;
      if (value >= low && value <= high) out.push(Number(value.toPrecision(3)));
    }
  }
  return out;
}

/** From values to pixels. */
function makeScale(low, high, from, to, log) {
  const f = log ? (v) => Math.log10(v) : (v) => v;
  const a = f(low);
  const span = f(high) - a || 1;
  const scale = (v) => from + (f(v) - a) / span * (to - from);
  scale.back = (p) => {
    const v = a + (p - from) / (to - from) * span;
    return log ? 10 ** v : v;
  };
  scale.low = low;
  scale.high = high;
  scale.log = log;
  return scale;
}

/** Least and largest of the finite numbers, with a little room. */
function rangeOf(values, room = 0.05) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v === v) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  if (low > high) return [0, 1];
  const pad = high > low ? (high - low) * room :
    room && (Math.abs(high) * 0.1 || 1);
  return [low - pad, high + pad];
}

/** A canvas of the size of its box. Draws again when that changes. */
class Canvas {
  constructor(box, kind, draw) {
    this.node = el('canvas', { class: kind });
    box.append(this.node);
    this.draw = draw;
    this.watch = new ResizeObserver(() => (this.node.isConnected ?
      this.redraw() : this.watch.disconnect()));
    this.watch.observe(box);
  }

  redraw() {
    const { clientWidth: width, clientHeight: height } = this.node.parentNode;
    if (!width || !height) return;
    const ratio = Math.min(devicePixelRatio || 1, 3);
    const w = Math.round(width * ratio);
    const h = Math.round(height * ratio);
    if (this.node.width !== w || this.node.height !== h) {
      this.node.width = w;
      this.node.height = h;
    }
    const context = this.node.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.draw(context, width, height);
  }
}

/** Lines and numbers around a plot on a canvas. */
function drawAxes(context, x, y, box, titles) {
  context.font = '12px system-ui, sans-serif';
  context.lineWidth = 1;
  const narrow = box.right - box.left < 420;
  context.fillStyle = colour('muted');
  context.strokeStyle = colour('line');
  context.textBaseline = 'top';
  for (const v of ticksOf(x.low, x.high, narrow ? 4 : 8, x.log)) {
    line(context, x(v), box.top, x(v), box.bottom);
    context.textAlign = 'center';
    context.fillText(number(v), x(v), box.bottom + 6);
  }
  context.textBaseline = 'middle';
  for (const v of ticksOf(y.low, y.high, 6, y.log)) {
    line(context, box.left, y(v), box.right, y(v));
    context.textAlign = 'right';
    context.fillText(number(v), box.left - 7, y(v));
  }
  context.fillStyle = colour('ink');
  context.font = '600 13px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(titles[0], (box.left + box.right) / 2, box.bottom + 40);
  context.save();
  context.translate(14, (box.top + box.bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = 'middle';
  context.fillText(titles[1], 0, 0);
  context.restore();
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
  context.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  context.stroke();
}

/** A colour between two of the style sheet, from 0 to 1. */
function ramp(steps, from = 'old', to = 'young') {
  const [a, b] = [from, to].map((name) => colour(name).match(/\w\w/g)
    .map((x) => parseInt(x, 16)));
  return Array.from({ length: steps }, (_, i) => {
    const t = steps > 1 ? i / (steps - 1) : 1;
    return `rgb(${a.map((v, k) => Math.round(v + (b[k] - v) * t)).join()})`;
  });
}

/** Axes of a small plot as SVG, with a title below. */
function svgAxes(x, y, box, titles) {
  const parts = [];
  for (const v of ticksOf(x.low, x.high, 6, x.log)) {
    parts.push(svg('line', { class: 'grid', x1: x(v), x2: x(v), y1: box.top,
      y2: box.bottom }), svg('text', { class: 'quiet', x: x(v),
      y: box.bottom + 17, 'text-anchor': 'middle' }, number(v)));
  }
  for (const v of y ? ticksOf(y.low, y.high, 4) : []) {
    parts.push(svg('line', { class: 'grid', x1: box.left, x2: box.right,
      y1: y(v), y2: y(v) }), svg('text', { class: 'quiet', x: box.left - 7,
      y: y(v) + 4, 'text-anchor': 'end' }, number(v)));
  }
  parts.push(svg('text', { class: 'strong', x: (box.left + box.right) / 2,
    y: box.bottom + 36, 'text-anchor': 'middle' }, titles[0]));
  return parts;
}
