import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startCluster, type Cluster } from "./cluster.ts";
import { faultySteps } from "./faulty-scenario.ts";
import { type Outcome, runSteps } from "./scenario.ts";
import { startWebhookServer, type WebhookServer } from "./webhook-server.ts";

const recorded = JSON.parse(readFileSync(new URL("../fixtures/admission/faulty.json", import.meta.url), "utf8")) as Outcome[];

let cluster: Cluster;
let server: WebhookServer;

before(async () => {
  cluster = await startCluster();
  server = await startWebhookServer();
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

void test("faulty configurations of admission are refused for upstream's reasons", async (t) => {
  const outcomes = await runSteps(
    faultySteps,
    ({ method, url, body, contentType }) => cluster.ask(method, url, body as string | undefined, contentType),
    server,
    "faulty-cluster",
  );
  assert.equal(outcomes.length, recorded.length);
  for (const [i, outcome] of outcomes.entries()) {
    const expected = recorded[i] as Outcome;
    await t.test(expected.name, () => assert.deepEqual(JSON.parse(JSON.stringify(outcome)), expected));
  }
});
