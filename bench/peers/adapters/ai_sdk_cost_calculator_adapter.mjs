// ai-sdk-cost-calculator: `generateText` of the AI SDK, and the calculator on its result.
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText, streamText } from "ai";
import { calculateCost, detectRequestsFromResult } from "ai-sdk-cost-calculator";
import { NoWay, told } from "./common.mjs";

await told(async (each, base) => {
  if (each.name === "regional") throw new NoWay("Bedrock has a provider of its own, which is not asked here");
  const model = createAnthropic({ baseURL: `${base}/v1`, apiKey: "k" })(each.model);
  if (each.name === "stream") {
    const result = streamText({ model, prompt: "Hello", maxRetries: 0 });
    await result.consumeStream();
    return calculateCost({ model: each.model, usage: await result.usage }).totalCost;
  }
  const result = await generateText({ model, prompt: "Hello", maxRetries: 0 });
  return calculateCost({ model: each.model, usage: result.usage, ...detectRequestsFromResult(result) }).totalCost;
});
