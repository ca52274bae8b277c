// ccusage: `ccusage daily --offline --mode calculate` on a transcript of Claude Code's with the answer.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NoWay, told } from "./common.mjs";

await told(async (each) => {
  if (each.name === "stream") throw new NoWay("reads no streams");
  if (each.name === "regional") throw new NoWay("transcripts of Bedrock are not tried here");
  const home = mkdtempSync(join(tmpdir(), "ccusage-"));
  const folder = join(home, "projects", "desk");
  mkdirSync(folder, { recursive: true });
  const line = {
    type: "assistant",
    timestamp: "2026-11-29T08:00:00.000Z",
    sessionId: "0b6f6a52-6f3f-4c1b-9c55-2d1d9b3d0001",
    cwd: "/desk",
    version: "2.1.332",
    requestId: `req_${each.name}`,
    message: each.message,
  };
  writeFileSync(join(folder, `${line.sessionId}.jsonl`), JSON.stringify(line) + "\n");
  const env = { ...process.env, CLAUDE_CONFIG_DIR: home, HOME: home };
  const printed = execFileSync("node_modules/.bin/ccusage", ["daily", "--json", "--offline", "--mode", "calculate"], { env });
  return JSON.parse(printed).totals.totalCost;
});
