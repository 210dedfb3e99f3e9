/** Asks upstream's server every case and writes down what it says: `node test/auth/record.ts DIRECTORY-OF-BINARIES`. */
import { writeFileSync } from "node:fs";
import { type Cases, casesFor, prepare } from "./cases.ts";
import { normal } from "./compare.ts";
import { gatedCases, gatedFlags, prepareGated } from "./gated-certificates.ts";
import { nodeCases, nodeFlags, prepareNodes } from "./nodes.ts";
import { olderCases, olderFlags } from "./older.ts";
import { signingCases, signingFlags } from "./signing-requests.ts";
import { type AskedServer, startReference, startWorld, type World } from "./world.ts";

const [, , bin] = process.argv;
if (bin === undefined) throw new Error("name the directory of kube-apiserver and etcd");
const binaries = bin;

async function record(
  file: string,
  flagsOf: (world: World) => readonly string[],
  casesOf: (server: AskedServer, world: World) => Promise<Cases>,
): Promise<void> {
  await using world = await startWorld();
  await using reference = await startReference(flagsOf(world), binaries);
  const lines: string[] = [];
  for (const [name, ask] of Object.entries(await casesOf(reference, world))) {
    lines.push(`${JSON.stringify(name)}: ${JSON.stringify(normal(await reference.ask(ask)))}`);
  }
  writeFileSync(new URL(file, import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
}

await record(
  "recorded.json",
  (world) => world.flags,
  async (server, world) => casesFor(world, await prepare(server, world)),
);
await record("recorded-older.json", olderFlags, (_, world) => Promise.resolve(olderCases(world)));
await record("recorded-gated.json", gatedFlags, async (server, world) => {
  await prepareGated(server, world);
  return gatedCases(world);
});
await record("recorded-nodes.json", nodeFlags, async (server, world) => {
  await prepareNodes(server, world);
  return nodeCases(world);
});
await record("recorded-signing.json", signingFlags, (_, world) => Promise.resolve(signingCases(world)));
