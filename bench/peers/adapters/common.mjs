// What the adapters on Node share: as common.py.
import { readFileSync } from "node:fs";

export class NoWay extends Error {}

// Prints what `charge(case, base)` says of each case: dollars, `none`, `no way: …` or `error: …`.
export async function told(charge) {
  const given = JSON.parse(readFileSync(0, "utf8"));
  const charged = {};
  for (const each of given.cases) {
    try {
      const found = await charge(each, `${given.url}/${each.name}`);
      charged[each.name] = found === undefined || found === null ? "none" : String(found);
    } catch (error) {
      charged[each.name] = error instanceof NoWay ? `no way: ${error.message}` : `error: ${String(error).slice(0, 200)}`;
    }
  }
  process.stdout.write("\n" + JSON.stringify(charged) + "\n", () => process.exit(0));
}
