import assert from "node:assert/strict";
import { get } from "node:https";
import { after, before, test } from "node:test";
import { abuse } from "./connections.ts";
import { type Fuzzed, startFuzzed } from "./fuzz.ts";
import { chance } from "./random.ts";

let fuzzed: Fuzzed;

/** The status of an honest request over a connection of its own. */
function fetchOver(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once("error", reject);
  });
}

before(async () => {
  fuzzed = await startFuzzed();
});

after(() => fuzzed.stop());

void test("requests that no honest client sends are answered in time, and never by a 500 of our own", async () => {
  const { findings, statuses } = await fuzzed.run(20, 1000);
  assert.deepEqual(findings, []);
  // A generator that no longer gets anywhere would find nothing either.
  for (const status of [200, 201, 400, 404, 405, 415, 422]) assert.ok((statuses[status] ?? 0) > 0, `some are answered ${status}`);
});

void test("memory does not grow with the number of bad requests", async () => {
  const round = (): Promise<unknown> => fuzzed.run(78, 300, true);
  await round();
  const before = await fuzzed.heap();
  for (let i = 0; i < 2; i++) await round();
  const grown = (await fuzzed.heap()) - before;
  assert.ok(grown < 6 * 2 ** 20, `${Math.round(grown / 2 ** 20)} MiB more after two more rounds of the same requests`);
});

void test("the port outlives whatever bytes come", async () => {
  const random = chance(5);
  const lost: unknown[] = [];
  const note = (error: unknown): void => void lost.push(error);
  process.on("unhandledRejection", note);
  try {
    for (let i = 0; i < 15; i++) await Promise.all(Array.from({ length: 10 }, () => abuse(random, fuzzed.port)));
    const answer = await fetchOver(fuzzed.port, "/readyz");
    assert.equal(answer, 200);
  } finally {
    process.off("unhandledRejection", note);
  }
  assert.deepEqual(lost, []);
});
