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

void test("appliers who create the same object at once all have their part in it", async () => {
  const path = "/api/v1/namespaces/race/configmaps/c";
  await server.ask({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "race" } } });
  const headers = { "content-type": "application/apply-patch+yaml" };
  const body = (i: number): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { [`k${i}`]: "x" } });
  const apply = (i: number): ReturnType<TestServer["ask"]> =>
    server.ask({ method: "PATCH", path: `${path}?fieldManager=m${i}`, body: body(i), headers });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => apply(i)));
  assert.equal(answers.filter((a) => a.status === 201).length, 1);
  assert.equal(answers.filter((a) => a.status === 200).length, 7);
  const { data, metadata } = (await server.ask({ method: "GET", path })).body as { data: object; metadata: { managedFields: unknown[] } };
  assert.equal(Object.keys(data).length, 8);
  assert.equal(metadata.managedFields.length, 8);
});
