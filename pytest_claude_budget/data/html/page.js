// Draws what there is.
if (DATA.waterfall) drawn("waterfall", drawWaterfall);
if (DATA.flame && document.getElementById("flame")) new Flame(document.getElementById("flame"));
if (DATA.tokens.length) drawn("kinds", drawKinds);
if (DATA.months.length) drawn("months", drawMonths);
if (DATA.history.length) drawn("history", drawThroughTime);
document.querySelectorAll("table.sortable").forEach(sortable);
if (DATA.tests.rows.length) new TestTable(document.getElementById("all-tests"));
