// Where the money goes by stack: from the paying line up to the tests, or from the tests down. A box is as wide as its cost.

const [FRAME, BOX_COST, BOX_SHOWN, BOX_CALLS, BELOW] = Array(5).keys();
const BOX = 26;

class Flame {
  constructor(figure) {
    this.figure = figure;
    this.way = "up";
    this.canvas = element("div", { class: "canvas", "data-label": figure.dataset.label });
    this.told = element("p", { class: "told", role: "status" });
    const choice = (way, words) => {
      const button = element("input", { type: "radio", name: "way", id: `way-${way}`, value: way });
      button.checked = way === this.way;
      button.addEventListener("change", () => { this.way = way; this.zoomed = null; this.draw(); });
      return element("label", { for: `way-${way}` }, button, ` ${words}`);
    };
    this.controls = element("fieldset", { class: "ways" }, element("legend", {}, "Read it"), choice("up", "from the paying line up"), choice("down", "from the test down"));
    const how = "Click a box, or reach it with the arrow keys and press Enter, to zoom in; Escape zooms out.";
    figure.replaceChildren(this.controls, this.canvas, this.told, element("figcaption", {}, how));
    let width = 0;
    whenResized(this.canvas, () => { if (this.canvas.clientWidth && this.canvas.clientWidth !== width) { width = this.canvas.clientWidth; this.draw(); } });
    this.draw();
    width = this.canvas.clientWidth;
  }

  /** All boxes with their places, as parts of the whole; widths come from Python's sums. */
  boxes() {
    const { whole, shown, without } = DATA.flame;
    const rest = without ? [[null, without.amount, without.shown, null, []]] : [];
    const root = d3.hierarchy([-1, whole, shown, null, [...DATA.flame[this.way], ...rest]], (box) => box[BELOW]);
    root.each((node) => { node.value = Number(node.data[BOX_COST]); });
    return d3.partition()(root);
  }

  name(node) {
    const at = node.data[FRAME];
    if (at === -1) return ["All calls", ""];
    if (at === null) return ["No line known", ""];
    const [file, name, line] = DATA.flame.frames[at];
    return [name, `${file}:${line}`];
  }

  says(node) {
    const [name, where] = this.name(node), calls = node.data[BOX_CALLS];
    const many = calls === null ? "" : `, ${count.format(calls)} ${calls === 1 ? "call" : "calls"}`;
    return `${name}${where ? `, ${where}` : ""}: ${node.data[BOX_SHOWN]}${many}`;
  }

  draw(focused) {
    const root = this.boxes(), zoomed = this.zoomed ? this.find(root, this.zoomed) : root;
    const { svg, width } = drawing(this.canvas, (root.height + 1) * BOX, "group");
    const x = d3.scaleLinear([zoomed.x0, zoomed.x1], [0, width]);
    const inside = root.descendants().filter((node) => node.x1 > zoomed.x0 && node.x0 < zoomed.x1 && x(node.x1) - x(node.x0) >= 1.5);
    const place = (node) => `translate(${Math.max(0, x(node.x0))},${node.depth * BOX})`;
    const boxes = svg.selectAll("g.box").data(inside).join("g").attr("class", (node) => `box ${this.kind(node)}`)
      .attr("role", "button").attr("tabindex", -1).attr("aria-label", (node) => this.says(node))
      .attr("transform", place);
    const room = (node) => Math.min(width, x(node.x1)) - Math.max(0, x(node.x0)) - 1;
    boxes.append("rect").attr("width", (node) => Math.max(1, room(node))).attr("height", BOX - 2).attr("rx", 2);
    const flame = this;
    // What is written on a box is cut to its room, so it is no part of it: read out is the whole of its name.
    svg.append("g").attr("class", "words").attr("aria-hidden", "true").selectAll("text")
      .data(inside.filter((node) => room(node) > 40)).join("text").attr("transform", place).attr("x", 6).attr("y", 17)
      .each(function (node) { flame.label(d3.select(this), node, room(node) - 12); });
    boxes.on("click", (event, node) => this.zoom(node)).on("focus", (event, node) => { this.told.textContent = this.says(node); })
      .on("pointerenter", (event, node) => { this.told.textContent = this.says(node); })
      .on("keydown", (event, node) => this.key(event, node));
    this.nodes = new Map(boxes.nodes().map((place) => [d3.select(place).datum(), place]));
    const start = [...this.nodes].find(([node]) => focused && this.path(node) === focused) || [...this.nodes][0];
    start[1].setAttribute("tabindex", 0);
    if (focused) start[1].focus();
    this.told.textContent = this.says(zoomed);
  }

  /** The most of its words that a box has room for. */
  label(text, node, room) {
    const [name, where] = this.name(node), cost = node.data[BOX_SHOWN];
    for (const words of [[name, where, cost], [name, "", cost], [name, "", ""]]) {
      text.selectAll("tspan").data(words.filter(Boolean)).join("tspan").attr("dx", (word, at) => (at ? 8 : 0))
        .attr("class", (word) => (word === where ? "quiet" : null)).text((word) => word);
      if (text.node().getComputedTextLength() + 16 <= room) return;
    }
    fit(text.text(name), room);
  }

  kind(node) {
    if (node.data[FRAME] === -1 || node.data[FRAME] === null) return "all";
    const [name, where] = this.name(node);
    return /(^|[/.])test_|^conftest\.py|\/conftest\.py/.test(`${where.split(":")[0]}`) || name.startsWith("test_") ? "of-test" : "own";
  }

  path(node) {
    return node.ancestors().map((each) => each.data[FRAME]).join(" ");
  }

  find(root, path) {
    return root.descendants().find((node) => this.path(node) === path) || root;
  }

  /** Zoom in to a box, or out again where it is the one that is zoomed in to. */
  zoom(node) {
    const path = this.path(node);
    this.zoomed = path === this.zoomed || !node.parent ? null : path;
    this.draw(path);
  }

  key(event, node) {
    const beside = (by) => { const row = (node.parent ? node.parent.children : [node]).filter((each) => this.nodes.has(each)); return row[row.indexOf(node) + by]; };
    const ways = {
      ArrowUp: () => node.parent, ArrowLeft: () => beside(-1), ArrowRight: () => beside(1),
      ArrowDown: () => (node.children || []).find((each) => this.nodes.has(each)),
    };
    if (event.key === "Enter" || event.key === " ") this.zoom(node);
    else if (event.key === "Escape") { this.zoomed = null; this.draw(this.path(node)); }
    else if (event.key in ways) {
      const next = ways[event.key]();
      if (!next || !this.nodes.has(next)) return;
      this.nodes.get(node).setAttribute("tabindex", -1);
      this.nodes.get(next).setAttribute("tabindex", 0);
      this.nodes.get(next).focus();
    } else return;
    event.preventDefault();
  }
}
