/** Asks upstream's server every case and writes down what it says: `node test/auth/record.ts DIRECTORY-OF-BINARIES`. */
import { writeFileSync } from "node:fs";
import { casesFor, prepare } from "./cases.ts";
import { normal } from "./compare.ts";
import { startReference, startWorld } from "./world.ts";

const [, , bin] = process.argv;
if (bin === undefined) throw new Error("name the directory of kube-apiserver and etcd");
await using world = await startWorld();
await using reference = await startReference(world.flags, bin);
const cases = casesFor(world, await prepare(reference, world));
const lines: string[] = [];
for (const [name, ask] of Object.entries(cases)) lines.push(`${JSON.stringify(name)}: ${JSON.stringify(normal(await reference.ask(ask)))}`);
writeFileSync(new URL("recorded.json", import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
