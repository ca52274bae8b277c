// What the charts and the table share. Amounts arrive as exact text, made by Python; numbers here only become pixels.
const DATA = JSON.parse(document.getElementById("data").textContent);
const NARROW = 560;

/** An element with attributes, text or children: text is never read as markup. */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** An empty drawing in a figure, as wide as the figure is; what was drawn there before is gone. */
function drawing(figure, height, role) {
  figure.replaceChildren();
  const width = Math.max(280, figure.clientWidth);
  const svg = d3.select(figure).append("svg").attr("viewBox", `0 0 ${width} ${height}`)
    .attr("role", role || "img").attr("aria-label", figure.dataset.label);
  return { svg, width, height };
}

/** Short dollars for an axis, with as many digits as its steps have. */
function dollarTicks(scale, count) {
  const ticks = scale.ticks(count);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : ticks[0] || 1;
  return d3.format(`$,.${Math.max(0, d3.precisionFixed(step))}f`);
}

/** Cut a label that is longer than its room, and say the whole of it to who points at it. */
function fit(text, room) {
  const node = text.node();
  const whole = node.textContent;
  if (node.getComputedTextLength() <= room) return text;
  let low = 1, high = whole.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    node.textContent = whole.slice(0, middle) + "…";
    if (node.getComputedTextLength() <= room) low = middle; else high = middle - 1;
  }
  node.textContent = whole.slice(0, low) + "…";
  text.append("title").text(whole);
  return text;
}

/** Draw now, and again whenever the figure's width has changed. */
function drawn(id, draw) {
  const figure = document.getElementById(id);
  if (!figure) return;
  let width = 0;
  new ResizeObserver(() => {
    if (figure.clientWidth === width || !figure.clientWidth) return;
    width = figure.clientWidth;
    draw(figure);
  }).observe(figure);
  draw(figure);
  width = figure.clientWidth;
}
