// Which drawing and which words an architecture has.

/** Numbers of a code of NCP by stage. */
function ncpStages(code) {
  const stages = [];
  let at = 2;
  for (let n = 1; n <= 4; n += 1) {
    stages.push({ blocks: code[at], units: code.slice(at + 1, at + 1 + n),
      channels: code.slice(at + 1 + n, at + 1 + 2 * n) });
    at += 1 + 2 * n;
  }
  return stages;
}

function drawNCP(arch, info) {
  const { code } = arch;
  const one = (value) => ({ num: 1, value, most: info.most, kernel: 3,
    words: [`${value} channels`] });
  const columns = [{ name: 'input', rows: [one(code[1])] }];
  ncpStages(code).forEach((stage, i) => columns.push({
    name: `stage ${i + 1}, ×${stage.blocks}`,
    rows: stage.channels.map((value, j) => ({ num: stage.units[j], value,
      most: info.most, kernel: 3, words: [`${value} channels`,
        `${stage.units[j]} unit${stage.units[j] > 1 ? 's' : ''}`] })) }));
  columns.push({ name: 'output', rows: [one(code[code.length - 1])] });
  return drawBars(columns);
}

function wordsOfNCP(arch) {
  const { code } = arch;
  const stages = ncpStages(code).map((stage) =>
    `${stage.blocks} ${stage.units.join()} ${stage.channels.join()}`);
  return `${code[0]} ${code[1]} | ${stages.join(' | ')} | ${
    code[code.length - 1]}`;
}

const NETWORKS = {
  scalenet: { draw: drawScaleNet, words: wordsOfScaleNet, key: SCALE_KEY },
  vipnas: { draw: drawViPNAS, words: wordsOfViPNAS, key: BAR_KEY },
  tvipnas: { draw: drawTViPNAS, words: wordsOfTViPNAS, key: BAR_KEY },
  hrnas: { draw: drawHRNAS, words: wordsOfHRNAS, key: HR_KEY },
  ncp: { draw: drawNCP, words: wordsOfNCP, key: [] },
};

/** An architecture in a line. One that is not as expected is plain JSON. */
function wordsOf(search, id) {
  return wordsOfArch(search, archOf(search, id));
}

function wordsOfArch(search, arch) {
  const kind = NETWORKS[search.drawing && search.drawing.kind];
  try {
    if (kind) return kind.words(arch);
  } catch (error) { /* below */ }
  const text = JSON.stringify(arch).replace(/["{}]/g, '');
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** A drawing with its key; null where there is none. */
function drawingOf(search, arch) {
  const kind = NETWORKS[search.drawing && search.drawing.kind];
  if (!kind) return null;
  try {
    const key = el('div', { class: 'legend' }, kind.key.map(([name, text]) =>
      el('span', {}, el('i', { css: { background: `var(--${name})` } }),
        text)));
    return el('div', {}, el('div', { class: 'drawing', tabindex: 0,
      role: 'group', 'aria-label': 'drawing' },
    kind.draw(arch, search.drawing)), key);
  } catch (error) {
    return null;
  }
}
