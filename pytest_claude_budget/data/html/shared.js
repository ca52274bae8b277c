// What the charts and the table share. Amounts arrive as exact text, made by Python; numbers here only become pixels.
const DATA = JSON.parse(document.getElementById("data").textContent);
const NARROW = 560;
const SEARCHED = 8;
const count = new Intl.NumberFormat("en-US");

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

/** Let the headings of a small table sort it; a column is sorted by its cells' ranks, which are exact, or by their text. */
function sortable(table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const value = (row, at) => (row.cells[at].dataset.rank === undefined ? row.cells[at].textContent : Number(row.cells[at].dataset.rank));
  heads.forEach((head, at) => {
    const button = element("button", { type: "button" }, head.textContent, element("span", { "aria-hidden": "true" }));
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : typeof value(body.rows[0], at) === "number";
      const order = (one, other) => (typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true }));
      body.append(...[...body.rows].sort((one, other) => (down ? -1 : 1) * order(value(one, at), value(other, at))));
      for (const each of heads) { each.removeAttribute("aria-sort"); each.querySelector("span").textContent = ""; }
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      button.querySelector("span").textContent = down ? " ↓" : " ↑";
    });
  });
  if (body.rows.length < SEARCHED) return;
  const input = element("input", { type: "search", "aria-label": `Search ${heads[0].textContent.toLowerCase()}s`, placeholder: "part of a name" });
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of body.rows) row.hidden = !words.every((word) => row.cells[0].textContent.toLowerCase().includes(word));
  });
  table.parentElement.before(element("div", { class: "controls" }, element("div", {}, input)));
}

/** Act in the frame after one in which the size of something has changed: to act within it may change sizes that were told already, an error of the page. */
function whenResized(something, act) {
  new ResizeObserver(() => requestAnimationFrame(act)).observe(something);
}

/** Draw now, and again whenever the figure's width has changed. */
function drawn(id, draw) {
  const figure = document.getElementById(id);
  if (!figure) return;
  let width = 0;
  whenResized(figure, () => {
    if (figure.clientWidth === width || !figure.clientWidth) return;
    width = figure.clientWidth;
    draw(figure);
  });
  draw(figure);
  width = figure.clientWidth;
}
