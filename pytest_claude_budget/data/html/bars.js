// Tokens by kind in one bar, and a month by scenario in a bar for each feature.

function drawKinds(figure) {
  const kinds = DATA.tokens, narrow = figure.clientWidth < NARROW;
  const { svg, width } = drawing(figure, 40);
  const whole = d3.sum(kinds, (kind) => kind.count);
  const x = d3.scaleLinear([0, whole], [0, width]);
  let at = 0;
  for (const kind of kinds) {
    const part = svg.append("g").attr("class", `kind ${kind.kind}`);
    part.append("rect").attr("x", x(at)).attr("y", 4).attr("height", 28).attr("width", Math.max(1, x(kind.count) - 1));
    part.append("title").text(`${kind.label} · ${kind.shown}`);
    at += kind.count;
  }
  const legend = kinds.map((kind) => element("li", { class: `kind ${kind.kind}` }, element("span", { class: "key", "aria-hidden": "true" }), `${kind.label} `, element("b", {}, kind.shown)));
  figure.append(element("ul", { class: narrow ? "legend narrow" : "legend" }, ...legend));
}

/** One block a scenario, all on one scale. A bar is the month of this run; a mark is what it was; a thin line is the tests' spread. */
function drawMonths(figure) {
  const rows = DATA.months.flatMap(({ scenario, rows }) => [{ heading: scenario }, ...rows]);
  const narrow = figure.clientWidth < NARROW;
  const height = (row) => (row.heading !== undefined ? 34 : narrow ? 50 : 34), top = 22;
  const total = d3.sum(rows, height);
  const { svg, width } = drawing(figure, top + total + 4);
  const left = narrow ? 0 : Math.min(240, width * 0.28), right = narrow ? 0 : 190;
  const most = d3.max(rows.filter((row) => row.after), (row) => Math.max(row.after, row.before || 0, row.high || 0)) || 1;
  const x = d3.scaleLinear([0, most], [left, width - right - 8]).nice(4);
  const ticks = narrow ? 3 : 5;
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${top - 4})`)
    .call(d3.axisTop(x).ticks(ticks).tickFormat(dollarTicks(x, ticks)).tickSize(-total))
    .call((axis) => axis.select(".domain").remove());
  let y = top;
  for (const row of rows) {
    const group = svg.append("g").attr("transform", `translate(0,${y})`);
    y += height(row);
    if (row.heading !== undefined) {
      group.append("text").attr("class", "heading").attr("y", 24).text(row.heading[0].toUpperCase() + row.heading.slice(1));
      continue;
    }
    drawMonth(group.attr("class", "bar whole"), row, { x, width, left, narrow });
  }
  const said = ["A bar is a month of this run."];
  if (rows.some((row) => row.before)) said.push("The upright mark is what it was in the baseline.");
  if (rows.some((row) => row.low !== row.high)) said.push("The thin line is the month if each request were as cheap, or as dear, as the extreme of the tests.");
  figure.append(element("figcaption", {}, said.join(" ")));
}

function drawMonth(group, row, { x, width, left, narrow }) {
  const at = narrow ? 24 : 8, dearer = row.before !== null && Number(row.after) > Number(row.before);
  if (dearer) {
    group.append("rect").attr("class", "rise").attr("x", x(row.before)).attr("y", at).attr("height", 18).attr("rx", 2).attr("width", Math.max(1, x(row.after) - x(row.before)));
  }
  const end = dearer ? row.before : row.after;
  group.append("rect").attr("x", x(0)).attr("y", at).attr("height", 18).attr("rx", 2).attr("width", Math.max(1, x(end) - x(0)));
  if (row.low !== null && row.high !== null && row.low !== row.high) {
    group.append("line").attr("class", "spread").attr("x1", x(row.low)).attr("x2", x(row.high)).attr("y1", at + 9).attr("y2", at + 9);
  }
  if (row.before !== null) {
    group.append("line").attr("class", "was").attr("x1", x(row.before)).attr("x2", x(row.before)).attr("y1", at - 3).attr("y2", at + 21);
  }
  const amount = group.append("text").attr("class", "amount").attr("x", width).attr("y", narrow ? 16 : at + 14).attr("text-anchor", "end");
  amount.append("tspan").attr("class", "quiet").text(row.was ? `${row.was}  ` : "");
  amount.append("tspan").text(row.shown);
  const label = group.append("text").attr("class", "label plain").attr("y", narrow ? 16 : at + 14).text(row.label);
  fit(label, narrow ? width * 0.4 : left - 16);
  group.append("title").text([row.label, row.shown, row.was].filter(Boolean).join(" · "));
}
