// What a run cost through time: a step for each version of the lock file.

function drawThroughTime(figure) {
  const points = DATA.history.map((point) => ({ ...point, day: new Date(point.at), value: Number(point.amount) }));
  const { svg, width, height } = drawing(figure, 260);
  const left = 64, right = 16, top = 16, bottom = 32;
  const x = d3.scaleUtc(d3.extent(points, (point) => point.day), [left, width - right]);
  const y = d3.scaleLinear([0, d3.max(points, (point) => point.value) || 1], [height - bottom, top]).nice(4);
  svg.append("g").attr("class", "axis").attr("transform", `translate(${left - 8},0)`)
    .call(d3.axisLeft(y).ticks(4).tickFormat(dollarTicks(y, 4)).tickSize(-(width - right - left + 8)))
    .call((axis) => axis.select(".domain").remove());
  svg.append("g").attr("class", "axis days").attr("transform", `translate(0,${height - bottom + 4})`)
    .call(d3.axisBottom(x).ticks(Math.max(2, Math.floor(width / 160))).tickFormat(d3.utcFormat("%-d %b %Y")).tickSize(4))
    .call((axis) => axis.select(".domain").remove());
  const steps = points.map((point, at) => (at ? `H${x(point.day)}V${y(point.value)}` : `M${x(point.day)},${y(point.value)}`));
  svg.append("path").attr("class", "step").attr("d", steps.join(""));
  const marks = svg.selectAll("g.point").data(points).join("g").attr("class", "point")
    .attr("transform", (point) => `translate(${x(point.day)},${y(point.value)})`);
  marks.append("circle").attr("r", 4);
  marks.append("title").text((point) => `${point.at.slice(0, 10)} · ${point.shown} · ${point.commit} ${point.subject}`);
}
