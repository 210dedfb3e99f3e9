/** Our server against what upstream's answered to the recorded cases. `node test/differential/run.ts --record` records anew. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { comparesManagers } from "./apply-cases.ts";
import { testedKinds } from "./bases.ts";
import type { Server } from "./case.ts";
import { differences } from "./compare.ts";
import { meantReason } from "./meant.ts";
import { normalAnswer } from "./normal.ts";
import { type RecordedCase, recordings } from "./recording.ts";
import { askAll } from "./run-kind.ts";
import { localServer } from "./servers.ts";
import { type Identity, prepare, remove, store } from "./setup.ts";

/** Cases whose answers are known to differ and should not: `KIND | TITLE`. One that no longer differs must leave the list. */
const open = new Set(
  readFileSync(join(import.meta.dirname, "open.txt"), "utf8")
    .split("\n")
    .filter((l) => l !== "" && !l.startsWith("#")),
);

let server: Server;
before(async () => {
  server = await localServer();
  await prepare(server);
});
after(() => server[Symbol.asyncDispose]());

const kinds = new Map(testedKinds().map((k) => [k.id, k]));

for (const recording of recordings()) {
  const kind = kinds.get(recording.kind);
  assert.ok(kind, recording.kind);
  const places = new Map<string, Identity>();

  const faultOf = async ({ one, answers }: RecordedCase): Promise<string | undefined> => {
    const got = await askAll(server, one, places);
    const lines = answers.flatMap((answer, i) =>
      differences(
        answer,
        normalAnswer(got[i] ?? { status: 0, contentType: "", warnings: [], body: undefined }, one, comparesManagers(one.title)),
      ),
    );
    const differs = lines.length > 0 && meantReason(one, lines) === undefined;
    const known = open.has(`${one.kind} | ${one.title}`);
    if (differs && !known) return `${one.title}\n    ${lines.slice(0, 4).join("\n    ").slice(0, 1200)}`;
    return !differs && known ? `${one.title}: no longer differs, take it out of open.txt` : undefined;
  };

  void test(`${recording.kind}: ${recording.cases.length} recorded requests are answered as upstream does`, async () => {
    const faults: string[] = [];
    const replay = async (phase: string): Promise<void> => {
      for (const recorded of recording.cases) {
        if (recorded.phase !== phase) continue;
        const fault = await faultOf(recorded);
        if (fault !== undefined) faults.push(fault);
      }
    };
    await replay("create");
    const stored = [];
    for (const base of recording.bases) stored.push(await store(server, kind, base, places));
    await replay("stored");
    for (const one of stored) if (one !== undefined) await remove(server, one.path);
    assert.deepEqual(faults, []);
  });
}
