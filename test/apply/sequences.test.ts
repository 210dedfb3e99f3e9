/** Writes by several managers are answered as upstream did, with managedFields. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { sequences } from "./lists.ts";
import { replay } from "./replay.ts";
import type { Answer } from "./sequences.ts";
import { startServer, type TestServer } from "./server.ts";

const recorded = JSON.parse(readFileSync(new URL("answers.json", import.meta.url), "utf8")) as Answer[][];
let server: TestServer;

before(async () => {
  server = await startServer();
});

after(() => server.stop());

for (const [i, sequence] of sequences.entries()) {
  void test(sequence.title, async (t) => {
    const answers = await replay(sequence, (step) => server.ask(step));
    for (const [j, { method, path, body }] of sequence.steps.entries()) {
      const shown = body === undefined ? "" : ` ${(typeof body === "string" ? body : JSON.stringify(body)).slice(0, 100)}`;
      await t.test(`${j}: ${method} ${path}${shown}`, () => {
        assert.deepEqual(answers[j], recorded[i]?.[j]);
        assert.equal(JSON.stringify(answers[j]), JSON.stringify(recorded[i]?.[j]));
      });
    }
  });
}
