/** Definitions with rules, and writes to their resources, are answered as upstream did. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Answer } from "../apply/sequences.ts";
import { startServer, type TestServer } from "../apply/server.ts";
import { run } from "./ask.ts";
import { sequences } from "./lists.ts";

const recorded = JSON.parse(readFileSync(new URL("answers.json", import.meta.url), "utf8")) as Answer[][];
let server: TestServer;

before(async () => {
  server = await startServer();
});

after(() => server.stop());

for (const [i, sequence] of sequences.entries()) {
  void test(sequence.title, async (t) => {
    const answers = await run(sequence, (step) => server.ask(step));
    for (const [j, { method, path, body }] of sequence.steps.entries()) {
      const shown = body === undefined ? "" : ` ${JSON.stringify(body).slice(0, 300)}`;
      await t.test(`${j}: ${method} ${path}${shown}`, () => assert.deepEqual(answers[j], recorded[i]?.[j]));
    }
  });
}
