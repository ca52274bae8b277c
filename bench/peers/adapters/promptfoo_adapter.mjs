// promptfoo: its Anthropic provider, and the cost that its answer states.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

process.env.PROMPTFOO_CONFIG_DIR = mkdtempSync(join(tmpdir(), "promptfoo-"));
process.env.PROMPTFOO_DISABLE_TELEMETRY = "1";
process.env.PROMPTFOO_DISABLE_UPDATE = "1";
process.env.PROMPTFOO_CACHE_ENABLED = "false";
const { loadApiProvider } = await import("promptfoo");
const { NoWay, told } = await import("./common.mjs");

await told(async (each, base) => {
  if (each.name === "regional") throw new NoWay("Bedrock has a provider of its own, which is not asked here");
  if (each.name === "stream") throw new NoWay("asks for no stream");
  const config = { apiBaseUrl: base, apiKey: "k", max_tokens: 300 };
  const provider = await loadApiProvider(`anthropic:messages:${each.model}`, { options: { config } });
  const answer = await provider.callApi("Hello");
  if (answer.error) throw new Error(answer.error);
  return answer.cost;
});
