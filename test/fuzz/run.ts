/** `run.ts [--seed N] [--count N]`: a long run by hand. Exit status 1 when something was found. */
import { parseArgs } from "node:util";
import { startFuzzed } from "./fuzz.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" }, count: { type: "string", default: "20000" } } });
const fuzzed = await startFuzzed();
const round = 5000;
const seen = new Set<string>();
try {
  for (let done = 0, seed = Number(values.seed); done < Number(values.count); done += round, seed++) {
    const { statuses, findings } = await fuzzed.run(seed, Math.min(round, Number(values.count) - done));
    console.log(`seed ${seed}: ${JSON.stringify(statuses)}, ${Math.round((await fuzzed.heap()) / 2 ** 20)} MiB`);
    for (const { number, what, request } of findings) {
      // One of a kind is enough to read.
      const kind = what.replace(/\d+/g, "N").slice(0, 120);
      if (seen.has(kind)) continue;
      seen.add(kind);
      process.exitCode = 1;
      console.log(`  ${number}: ${what}\n    ${request.slice(0, 1500)}`);
    }
  }
} finally {
  await fuzzed.stop();
}
