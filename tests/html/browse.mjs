// What a real browser makes of pages in a folder: node browse.mjs MODULES CHROMIUM FOLDER. Prints one JSON object.
// Each page is opened from disk, and every request, message and error on the way is kept.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, executablePath, folder] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
args.push("--disable-component-update", "--disable-sync");
const browser = await chromium.launch({ executablePath, args });
const troubles = [];
const seen = {};

async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const url = pathToFileURL(`${folder}/${name}.html`).href;
  page.on("console", (message) => troubles.push(`${name}: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => troubles.push(`${name}: ${error.message}`));
  await page.exposeFunction("told", (message) => troubles.push(`${name}: ${message}`));
  await page.addInitScript(() => addEventListener("error", (event) => window.told(event.message))); // also those that "pageerror" leaves out
  page.on("dialog", (dialog) => { troubles.push(`${name}: ${dialog.type()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== url && !request.url().startsWith("data:")) troubles.push(`${name}: asked for ${request.url()}`); });
  await page.goto(url);
  return page;
}

/** What axe-core finds. It is evaluated by the browser's debugger, past the page's policy. */
async function accessible(page, how) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations);
  troubles.push(...found.map((each) => `${how}: ${each.id}: ${each.nodes[0].html}`));
}

/** Shapes and their words, by chart; only what takes room counts. */
function charts() {
  const size = (shape) => { const box = shape.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
  return Object.fromEntries([...document.querySelectorAll("figure.chart")].map((figure) => [figure.id, {
    shapes: [...figure.querySelectorAll("svg rect, svg path:not(.domain), svg circle")].filter(size).length,
    words: [...figure.querySelectorAll("svg g > title, svg g[aria-label]")].map((each) => each.getAttribute("aria-label") || each.textContent),
  }]));
}

const names = (page) => page.$$eval("#all-tests tbody tr[data-at] th button", (all) => all.slice(0, 3).map((each) => each.title.split("::")[1]));
const sorted = (page) => page.$eval("[aria-sort]", (head) => `${head.innerText} ${head.getAttribute("aria-sort")}`);

let page = await open("full");
seen.charts = await page.evaluate(charts);
seen.dearest = await names(page);
await page.focus("#flame [tabindex='0']");
for (const key of ["ArrowDown", "ArrowRight", "ArrowDown", "Enter"]) await page.keyboard.press(key);
seen.flame_zoomed = [await page.evaluate(() => document.activeElement.ariaLabel), await page.innerText("#flame .told")];
await page.keyboard.press("Escape");
await page.check("#way-down");
seen.flame_down = (await page.evaluate(charts)).flame.words;
const features = () => page.$$eval("#features tbody tr", (rows) => rows.map((row) => row.cells[0].textContent));
seen.features = [await features()];
await page.focus("#features th:nth-child(4) button");
await page.keyboard.press("Enter");
seen.features.push(await features());
await page.focus("#all-tests thead th:first-child button");
await page.keyboard.press("Enter");
seen.by_name = [await sorted(page), await names(page)];
await page.keyboard.press("Space");
seen.by_name_down = [await sorted(page), await names(page)];
await page.fill("#search", "TRIAGE esc");
seen.searched = [await page.innerText("#tests .told"), await names(page)];
await page.fill("#search", "");
await page.selectOption("#only", { label: "over a limit (1)" });
await page.focus("#all-tests tbody button");
await page.keyboard.press("Enter");
seen.chosen = await page.innerText(".detail");
await accessible(page, "light");
await page.emulateMedia({ colorScheme: "dark" });
seen.dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
await accessible(page, "dark");
await page.setViewportSize({ width: 360, height: 800 });
await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
seen.narrow = [await page.evaluate(() => document.documentElement.scrollWidth), Object.values(await page.evaluate(charts)).every(({ shapes }) => shapes > 0)];
await accessible(page, "narrow");
await page.emulateMedia({ media: "print" });
seen.printed = await page.evaluate(() => ["nav", ".controls", "figure.chart svg"].map((each) => getComputedStyle(document.querySelector(each)).display));

page = await open("many");
const lines = () => page.$$eval("#all-tests tbody tr[data-at]", (all) => [all.length < 100, all.at(-1).getAttribute("aria-rowindex")]);
seen.many = [(await lines())[0], await page.innerText("#tests .told"), await page.$eval("#all-tests table", (table) => table.ariaRowCount ?? table.getAttribute("aria-rowcount"))];
await page.$eval(".rows", (rows) => { rows.scrollTop = rows.scrollHeight; });
await page.waitForFunction(() => document.querySelector("#all-tests tbody tr:last-child").dataset.at !== undefined);
seen.many_end = await lines();

await page.focus("#all-tests tbody [tabindex='0']");
await page.keyboard.press("Home");
for (const key of ["End", "ArrowUp", "PageUp", "PageDown"]) await page.keyboard.press(key);
const focused = () => page.evaluate(() => document.activeElement.closest("tr").ariaRowIndex);
seen.many_by_keys = [await focused()];
await page.keyboard.press("Home");
await page.keyboard.press("ArrowDown");
seen.many_by_keys.push(await focused(), await page.$eval(".rows", (rows) => rows.scrollTop), await page.locator("#all-tests tbody [tabindex='0']").count());

page = await open("hostile");
seen.hostile = await page.evaluate(() => ["img", "a:not([href^='#'])", "script", "iframe", "[onerror]"].map((each) => document.querySelectorAll(each).length));

page = await open("full", { javaScriptEnabled: false });
seen.without_scripts = await page.locator("#all-tests tbody tr").count();

await browser.close();
console.log(JSON.stringify({ ...seen, troubles }));
