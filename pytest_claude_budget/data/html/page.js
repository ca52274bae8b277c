// Draws what there is.
if (DATA.waterfall) drawn("waterfall", drawWaterfall);
if (DATA.tests.rows.length) new TestTable(document.getElementById("all-tests"));
