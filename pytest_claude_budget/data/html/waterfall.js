// From what the baseline costs to what this run costs: a bar for each cause.

/** The bars of a waterfall, top down: where each begins and ends in dollars. */
function waterfallBars(data) {
  let at = Number(data.before.amount);
  const bars = [{ ...data.before, from: 0, to: at, kind: "whole" }];
  for (const step of data.steps) {
    const by = Number(step.amount);
    bars.push({ ...step, from: at, to: at + by, kind: by > 0 ? "up" : "down" });
    at += by;
  }
  bars.push({ ...data.after, from: 0, to: Number(data.after.amount), kind: "whole" });
  return bars;
}

/** Where the axis begins: at nothing, unless the changes would be too small to see beside the whole. */
function waterfallStart(bars) {
  const ends = bars.map((bar) => bar.to);
  const least = d3.min(ends), most = d3.max(ends);
  return (most - least) * 6 < most ? Math.max(0, least - (most - least) * 0.5) : 0;
}

function drawWaterfall(figure) {
  const bars = waterfallBars(DATA.waterfall);
  const narrow = figure.clientWidth < NARROW;
  const row = narrow ? 50 : 36, top = 26;
  const { svg, width } = drawing(figure, top + bars.length * row + 4);
  const left = narrow ? 0 : Math.min(320, width * 0.38), right = 96;
  const start = waterfallStart(bars);
  const most = d3.max(bars, (bar) => Math.max(bar.from, bar.to)) || 1;
  const x = d3.scaleLinear([start, most], [left, width - right]).nice(4);
  if (start > 0) x.domain([Math.max(0, x.domain()[0]), x.domain()[1]]);
  const ticks = narrow ? 3 : 5;
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${top - 6})`)
    .call(d3.axisTop(x).ticks(ticks).tickFormat(dollarTicks(x, ticks)).tickSize(-bars.length * row))
    .call((axis) => axis.select(".domain").remove());
  const rows = svg.selectAll("g.bar").data(bars).join("g").attr("class", (bar) => `bar ${bar.kind}`)
    .attr("transform", (bar, at) => `translate(0,${top + at * row})`);
  const barTop = narrow ? 24 : 8, barHeight = 20;
  const within = (value) => x(Math.max(value, x.domain()[0]));
  rows.append("rect").attr("x", (bar) => Math.min(within(bar.from), within(bar.to))).attr("y", barTop)
    .attr("width", (bar) => Math.max(2, Math.abs(within(bar.to) - within(bar.from)))).attr("height", barHeight).attr("rx", 2);
  rows.filter((bar, at) => at < bars.length - 1).append("line").attr("class", "joint")
    .attr("x1", (bar) => within(bar.to)).attr("x2", (bar) => within(bar.to))
    .attr("y1", barTop + barHeight).attr("y2", row + barTop);
  rows.append("text").attr("class", "label").attr("y", narrow ? 16 : barTop + 14)
    .text((bar) => bar.label).each(function () { fit(d3.select(this), narrow ? width - 8 : left - 16); });
  rows.append("text").attr("class", "amount").attr("x", width).attr("y", barTop + 14).attr("text-anchor", "end")
    .text((bar) => bar.shown);
  rows.append("title").text((bar) => [bar.label, bar.shown, bar.moved].filter(Boolean).join(" · "));
  if (x.domain()[0] > 0) {
    figure.append(element("figcaption", {}, `The axis begins at ${dollarTicks(x, ticks)(x.domain()[0])}, not at $0.`));
  }
}
