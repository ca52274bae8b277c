// The table of tests: sorted, searched and narrowed; only the rows that are in sight are in the page, so that 10,000 stay fluid.

const [NAME, FLAGS, PLACE, FEATURES, MODELS, CALLS, ATTEMPTS, COUNTS, COST, EXACT, SPENT, CHANGE, RANK, BEFORE, BESIDES, CAUSES] =
  Array(16).keys();
const KINDS = ["input", "cache write, 5 minutes", "cache write, 1 hour", "cache read", "output", "web searches"];
const ROW = 37, SPARE = 12, MOST_IN_PRINT = 1000;

const collator = new Intl.Collator("en", { numeric: true });
const tokensOf = (row) => row[COUNTS].slice(0, 5).reduce((sum, each) => sum + each, 0);
const namesOf = (row, column) => row[column].map((at) => DATA.tests.names[at]).join(", ");

/** The columns: what they show, and how their rows are compared. Python has put the rows in the order of their exact cost. */
function testColumns() {
  const text = (of) => (one, other) => collator.compare(of(one), of(other));
  const figure = (of) => (one, other) => of(one) - of(other);
  const columns = [
    { title: "Test", cell: (row) => row[NAME], compare: text((row) => row[NAME]), className: "name" },
    { title: "Feature", cell: (row) => namesOf(row, FEATURES), compare: text((row) => namesOf(row, FEATURES)), className: "second" },
    { title: "Model", cell: (row) => namesOf(row, MODELS), compare: text((row) => namesOf(row, MODELS)), className: "second" },
    { title: "Calls", cell: (row) => count.format(row[CALLS]), compare: figure((row) => row[CALLS]), className: "number second", down: true },
    { title: "Tokens", cell: (row) => count.format(tokensOf(row)), compare: figure(tokensOf), className: "number second", down: true },
    { title: "Cost", cell: (row) => row[COST], compare: figure((row) => -row.place), className: "number", down: true },
  ];
  if (DATA.tests.compared) {
    columns.push({ title: "Change", cell: (row) => row[CHANGE], compare: figure((row) => row[RANK]), className: "number", down: true });
  }
  const filled = (column) => DATA.tests.rows.some((row) => row[column].length);
  return columns.filter(({ title }) => (title !== "Feature" || filled(FEATURES)) && (title !== "Model" || filled(MODELS)));
}

class TestTable {
  constructor(place) {
    this.columns = testColumns();
    this.rows = DATA.tests.rows;
    this.rows.forEach((row, at) => { row.place = at; });
    this.sorted = { column: this.columns.find(({ title }) => title === "Cost"), down: true };
    this.shown = this.rows;
    this.body = element("tbody");
    this.scroller = element("div", { class: "wide rows", role: "group", tabindex: "0", "aria-label": "Table of tests" }, this.table());
    this.detail = element("div", { class: "detail", role: "region", "aria-label": "The chosen test", "aria-live": "polite" });
    place.replaceChildren(this.controls(), this.scroller, this.detail);
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    whenResized(this.scroller, () => this.draw());
    this.body.addEventListener("click", (event) => this.choose(event.target.closest("tr[data-at]")));
    this.body.addEventListener("focusin", (event) => { this.current = Number(event.target.closest("tr").dataset.at); });
    this.body.addEventListener("keydown", (event) => this.key(event));
    addEventListener("beforeprint", () => this.draw(MOST_IN_PRINT));
    addEventListener("afterprint", () => this.draw());
    this.narrow();
  }

  controls() {
    this.search = element("input", { type: "search", id: "search", placeholder: "part of a name, feature or model", autocomplete: "off", spellcheck: "false" });
    this.only = element("select", { id: "only" }, element("option", { value: "0" }, "all"));
    this.only.append(...DATA.tests.filters.map(([bit, words, many]) => element("option", { value: bit }, `${words} (${count.format(many)})`)));
    this.told = element("p", { class: "told", role: "status" });
    this.search.addEventListener("input", () => this.narrow());
    this.only.addEventListener("change", () => this.narrow());
    return element("div", { class: "controls" },
      element("div", {}, element("label", { for: "search" }, "Search"), this.search),
      element("div", {}, element("label", { for: "only" }, "Show"), this.only), this.told);
  }

  table() {
    this.heads = this.columns.map((column) => {
      const button = element("button", { type: "button" }, column.title, element("span", { class: "arrow", "aria-hidden": "true" }));
      button.addEventListener("click", () => this.sort(column));
      const head = element("th", { scope: "col", class: column.className }, button);
      if (column.className.startsWith("number")) head.style.width = this.widthOf(column);
      return head;
    });
    this.grid = element("table", {}, element("thead", {}, element("tr", { "aria-rowindex": 1 }, ...this.heads)), this.body);
    return this.grid;
  }

  /** Room for the longest figure of a column: an amount is never cut. */
  widthOf(column) {
    const longest = d3.max(this.rows, (row) => column.cell(row).length);
    return `${Math.min(13, Math.max(4.5, longest * 0.54 + 1.25))}rem`;
  }

  sort(column) {
    this.sorted = { column, down: this.sorted.column === column ? !this.sorted.down : Boolean(column.down) };
    this.narrow();
  }

  /** Apply search, filter and order. Rows that are equal stay in the order of their cost. */
  narrow() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const bit = Number(this.only.value);
    const says = (row) => (row.says ??= `${row[NAME]} ${namesOf(row, FEATURES)} ${namesOf(row, MODELS)}`.toLowerCase());
    this.shown = this.rows.filter((row) => (!bit || row[FLAGS] & bit) && words.every((word) => says(row).includes(word)));
    const { column, down } = this.sorted;
    this.shown.sort((one, other) => (down ? -1 : 1) * column.compare(one, other) || one.place - other.place);
    this.heads.forEach((head, at) => {
      const chosen = this.columns[at] === column;
      if (chosen) head.setAttribute("aria-sort", down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
      head.querySelector(".arrow").textContent = chosen ? (down ? " ↓" : " ↑") : "";
    });
    const of = this.shown.length === this.rows.length ? "" : ` of ${count.format(this.rows.length)}`;
    this.told.textContent = `${count.format(this.shown.length)}${of} ${this.rows.length === 1 ? "row" : "rows"}`;
    this.grid.setAttribute("aria-rowcount", this.shown.length + 1);
    this.scroller.scrollTop = 0;
    this.current = 0;
    this.draw();
  }

  /** Put the rows in sight into the page, and empty room for the others. */
  draw(most) {
    const head = this.grid.tHead.offsetHeight;
    const first = most ? 0 : Math.max(0, Math.floor((this.scroller.scrollTop - head) / ROW) - SPARE);
    const last = most || Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / ROW) + SPARE;
    const rows = this.shown.slice(first, last);
    const made = rows.map((row, at) => this.row(row, first + at));
    const below = most ? 0 : this.shown.length - first - rows.length;
    const focused = this.body.contains(document.activeElement);
    this.body.replaceChildren(...this.room(first), ...made, ...this.room(below));
    const stop = made[this.current - first] || made[0];  // the one row that Tab leads to; arrow keys lead to the others
    if (!stop) return;
    stop.querySelector("button").tabIndex = 0;
    if (focused) (made[this.current - first] ? stop.querySelector("button") : this.scroller).focus({ preventScroll: true });
  }

  /** Arrows, Page, Home and End go from row to row, also to those that are not in the page yet. */
  key(event) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 2), last = this.shown.length - 1;
    const ways = { ArrowDown: this.current + 1, ArrowUp: this.current - 1, PageDown: this.current + page, PageUp: this.current - page, Home: 0, End: last };
    if (!(event.key in ways)) return;
    event.preventDefault();
    this.current = Math.min(last, Math.max(0, ways[event.key]));
    const top = this.current * ROW, room = this.scroller.clientHeight - this.grid.tHead.offsetHeight;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + ROW > this.scroller.scrollTop + room) this.scroller.scrollTop = top + ROW - room;
    this.draw();
    this.body.querySelector(`tr[data-at="${this.current}"] button`).focus({ preventScroll: true });
  }

  room(rows) {
    if (rows <= 0) return [];
    const cell = element("td", { colspan: this.columns.length });
    cell.style.height = `${rows * ROW}px`;
    return [element("tr", { "aria-hidden": "true", class: "room" }, cell)];
  }

  row(row, at) {
    const cells = this.columns.map((column, place) => {
      const text = column.cell(row);
      if (place) return element("td", { class: column.className, title: text }, text);
      const [file, test] = text.split(/::(.*)/s);
      const button = element("button", { type: "button", title: text, tabindex: -1 }, test || file, ...(test ? [element("span", { class: "of-file" }, ` ${file}`)] : []));
      return element("th", { scope: "row", class: column.className }, button);
    });
    const chosen = row === this.chosen ? "true" : null;
    return element("tr", { "data-at": at, "aria-rowindex": at + 2, "data-chosen": chosen }, ...cells);
  }

  /** Say all that is known of a row below the table. */
  choose(line) {
    if (!line) return;
    const row = this.chosen = this.shown[Number(line.dataset.at)];
    for (const other of this.body.querySelectorAll("[data-chosen]")) other.removeAttribute("data-chosen");
    line.setAttribute("data-chosen", "true");
    const file = row[PLACE].startsWith(":") ? row[NAME].split("::")[0] + row[PLACE] : row[PLACE];
    const facts = [["Where", file], ["Feature", namesOf(row, FEATURES)], ["Model", namesOf(row, MODELS)],
      ["Cost", row[EXACT] && row[EXACT] !== row[COST] ? `${row[COST]} (${row[EXACT]})` : row[COST]], ["Baseline", row[BEFORE]], ["Change", row[CHANGE]], ["Spent", row[SPENT]],
      ["Calls", row[ATTEMPTS] > row[CALLS] ? `${count.format(row[CALLS])} in ${count.format(row[ATTEMPTS])} attempts` : count.format(row[CALLS])],
      ...KINDS.map((kind, at) => [kind[0].toUpperCase() + kind.slice(1), row[COUNTS][at] ? count.format(row[COUNTS][at]) : ""])];
    const list = element("dl", {}, ...facts.filter(([, value]) => value)
      .map(([title, value]) => element("div", { class: title === "Where" ? "where" : null }, element("dt", {}, title), element("dd", {}, value))));
    const why = [...row[CAUSES], ...(row[BESIDES] ? [row[BESIDES]] : [])].map((cause) => element("li", {}, cause));
    this.detail.replaceChildren(element("h3", {}, row[NAME]), list, ...(why.length ? [element("ul", {}, ...why)] : []));
  }
}
