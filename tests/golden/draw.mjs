// Charts as Mermaid draws them in a browser: node draw.mjs MODULES CHROMIUM < JSON of texts. Prints the words of each, its slices and what went wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
const page = await browser.newPage();
const troubles = [];
page.on("console", (message) => troubles.push(message.text()));
page.on("pageerror", (error) => troubles.push(error.message));
page.on("dialog", (dialog) => { troubles.push(dialog.message()); dialog.dismiss(); });
page.on("request", (request) => troubles.push(`asked for ${request.url()}`));
await page.addScriptTag({ content: readFileSync(`${modules}/@mermaid-js/tiny/dist/mermaid.tiny.js`, "utf8") });
const drawn = await page.evaluate(async (charts) => {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
  const found = [];
  for (const [at, chart] of charts.entries()) {
    document.body.innerHTML = (await mermaid.render(`chart${at}`, chart)).svg;
    const words = [...document.querySelectorAll("svg text")].map((each) => each.textContent);
    found.push({ words, slices: document.querySelectorAll("svg path.pieCircle").length, strange: document.querySelectorAll("svg :is(img, a, script, foreignObject)").length });
  }
  return found;
}, JSON.parse(readFileSync(0, "utf8")));
await browser.close();
console.log(JSON.stringify({ drawn, troubles }));
