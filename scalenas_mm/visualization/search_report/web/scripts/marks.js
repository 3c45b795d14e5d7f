// Elements, numbers and words. Text of archives becomes text, never markup.

const SVG = 'http://www.w3.org/2000/svg';
const byId = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'css') {
      for (const [name, one] of Object.entries(value)) {
        node.style.setProperty(name, one);
      }
    } else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity)
    .filter((c) => c !== null && c !== undefined));
  return node;
}

const el = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** A colour of the style sheet. */
function colour(name) {
  return getComputedStyle(document.documentElement)
    .getPropertyValue(`--${name}`).trim();
}

/** About four digits, whole numbers with separators. */
function number(value) {
  if (value !== value || value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) {
    return value.toLocaleString('en', { maximumFractionDigits: 0 });
  }
  if (size !== 0 && size < 1e-3) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

function duration(seconds) {
  if (seconds < 100) return `${number(Number(seconds.toFixed(1)))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** ``MACs (G)``. */
function titleOf(column) {
  return column.unit ? `${column.label} (${column.unit})` : column.label;
}

/** A value of a column with its unit. */
function valueText(column, value) {
  if (value !== value) return '–';
  const space = column.unit.length === 1 ? '\u2009' : ' ';
  return column.unit ? `${number(value)}${space}${column.unit}` :
    number(value);
}

function copyButton(label, text) {
  const button = el('button', { type: 'button' }, label);
  button.addEventListener('click', async () => {
    const done = await copied(text);
    button.textContent = done ? 'Copied' : 'Cannot copy here';
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) { // a file of this machine may not, in some browsers
    const area = el('textarea', { class: 'unseen' });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

function saveButton(label, name, text) {
  return el('button', { type: 'button', onclick: () => {
    const url = URL.createObjectURL(new Blob([text]));
    const link = el('a', { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } }, label);
}

function table(headings, rows, options = {}) {
  const numeric = options.numeric || (() => false);
  return el('div', { class: `scroll ${options.class || ''}` },
    el('table', {}, headings.length ? el('thead', {}, el('tr', {},
      headings.map((text, i) => el('th', { scope: 'col',
        class: numeric(i) ? 'number' : null }, text)))) : null,
    el('tbody', {}, rows.map((row) => el('tr', row.attributes || {},
      (row.cells || row).map((cell, i) => el('td',
        { class: numeric(i) ? 'number' : null }, cell)))))));
}

/** Show a section with a heading, or hide it. */
function section(id, title, ...children) {
  const node = byId(id);
  node.replaceChildren(el('h2', { id: `${id}-title` }, title),
    ...children.filter(Boolean));
  node.setAttribute('aria-labelledby', `${id}-title`);
  node.hidden = false;
  return node;
}

function say(text) {
  byId('said').textContent = text;
}

/** The little window beside the pointer. */
const tip = {
  show(x, y, ...children) {
    const node = byId('tip');
    node.replaceChildren(...children);
    node.hidden = false;
    const { width, height } = node.getBoundingClientRect();
    const left = x + 16 + width > innerWidth ? x - width - 16 : x + 16;
    const top = y + 12 + height > innerHeight ? y - height - 12 : y + 12;
    node.style.left = `${Math.max(4, left)}px`;
    node.style.top = `${Math.max(4, top)}px`;
  },
  hide() { byId('tip').hidden = true; },
};
