import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Cluster, eventually, startCluster } from "./cluster.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import type { UnstructuredObject } from "../../src/schema/object.ts";
import { conversionHooks, conversionSteps } from "./conversion-scenario.ts";
import { type Ask, type Outcome, runSteps } from "./scenario.ts";
import { startWebhookServer, type WebhookServer } from "./webhook-server.ts";

const recorded = JSON.parse(readFileSync(new URL("../fixtures/admission/conversion.json", import.meta.url), "utf8")) as Outcome[];

let cluster: Cluster;
let server: WebhookServer;

before(async () => {
  cluster = await startCluster();
  server = await startWebhookServer();
  for (const [path, answer] of Object.entries(conversionHooks)) server.serve(path, answer);
  await cluster.must("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "hooks" } });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const things = (version: string): string => `/apis/hooks.example.com/${version}/namespaces/hooks/things`;

const ask: Ask = async ({ method, url, body, contentType }) => {
  const answer = await cluster.ask(method, url, body as string | undefined, contentType);
  if (method === "POST" && url.includes("customresourcedefinitions"))
    await eventually(async () => ((await cluster.ask("GET", things("v1"))).status === 200 ? true : undefined));
  return answer;
};

/** How often the webhook is asked is an implementation's own; what is asked is in the conversions' results. */
const answered = (outcome: Outcome): unknown => JSON.parse(JSON.stringify({ ...outcome, asked: undefined }));

void test("custom resources are converted by their webhook as upstream has it done", async (t) => {
  const outcomes = await runSteps(conversionSteps, ask, server, "hooks");
  assert.equal(outcomes.length, recorded.length);
  for (const [i, outcome] of outcomes.entries()) {
    const expected = recorded[i] as Outcome;
    await t.test(expected.name, () => assert.deepEqual(answered(outcome), answered(expected)));
  }
});

void test("a watch at another version than the stored one sees every change converted, in order", async () => {
  const slow: string[] = [];
  const clientConfig = server.serve("/convert-slowly", async (request) => {
    slow.push((request["objects"] as { metadata: { name: string } }[]).map((o) => o.metadata.name).join());
    await new Promise((done) => setTimeout(done, 5));
    return (conversionHooks["/convert"] as NonNullable<(typeof conversionHooks)[string]>)(request);
  });
  await runSteps(
    [
      ...conversionSteps.slice(0, 1),
      {
        name: "slow",
        method: "PATCH",
        url: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.NS.example.com",
        body: { spec: { conversion: { webhook: { clientConfig } } } },
        contentType: "application/merge-patch+json",
      },
    ],
    ask,
    server,
    "hooks",
  );
  const client = inProcessClient(cluster.server, { name: "watcher", groups: ["system:masters"] });
  const ref = { group: "hooks.example.com", version: "v2", resource: "things", kind: "Thing", namespaced: true } as const;
  const seen: string[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const { type, object } of client
      .resource<UnstructuredObject>(ref, "hooks")
      .watch({ fieldSelector: "host=a", signal: stop.signal }))
      seen.push(`${type} ${object.metadata?.name ?? ""} ${String(object["port"])}`);
  })();
  const v1 = things("v1");
  const object = (name: string, hostPort: string) => ({ apiVersion: "hooks.example.com/v1", kind: "Thing", metadata: { name }, hostPort });
  await cluster.must("GET", things("v2"));
  for (let i = 0; i < 5; i++) await cluster.must("POST", v1, object(`w${i}`, `a:${i}`));
  await cluster.must("PATCH", `${v1}/w1`, { hostPort: "b:1" }, "application/merge-patch+json");
  await cluster.must("PATCH", `${v1}/w2`, { hostPort: "a:22" }, "application/merge-patch+json");
  await cluster.must("DELETE", `${v1}/w0`);
  await eventually(() => (seen.length >= 8 ? true : undefined));
  assert.deepEqual(seen, [
    "ADDED w0 0",
    "ADDED w1 1",
    "ADDED w2 2",
    "ADDED w3 3",
    "ADDED w4 4",
    "DELETED w1 1",
    "MODIFIED w2 22",
    "DELETED w0 0",
  ]);
  stop.abort();
  await watching;
});

void test("objects of a version that is not the storage version any more are converted as they are read", async () => {
  const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.hooks.example.com";
  const { spec } = (await cluster.must("GET", crd)) as unknown as { spec: { versions: { name: string; storage: boolean }[] } };
  const versions = spec.versions.map((version) => ({ ...version, storage: version.name === "v2" }));
  await cluster.must("PATCH", crd, { spec: { versions } }, "application/merge-patch+json");
  const list = (await cluster.must("GET", things("v2"))) as unknown as { items: { metadata: { name: string }; host: string }[] };
  assert.deepEqual(
    list.items.map(({ metadata, host }) => `${metadata.name} ${host}`),
    ["w1 b", "w2 a", "w3 a", "w4 a"],
  );
  const [w3] = [await cluster.must("PATCH", `${things("v2")}/w3`, { port: "33" }, "application/merge-patch+json")];
  assert.equal(w3["port"], "33");
  assert.equal((await cluster.must("GET", `${things("v1")}/w3`))["hostPort"], "a:33");
});

void test("a definition goes with its objects though its conversion webhook is gone", async () => {
  const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.hooks.example.com";
  // What is not at the storage version yet would have to be converted.
  for (const name of ["w1", "w2", "w4"])
    await cluster.must("PATCH", `${things("v2")}/${name}`, { port: "5" }, "application/merge-patch+json");
  const gone = { url: `https://127.0.0.1:${server.port}/convert-500`, caBundle: server.caBundle };
  await cluster.must("PATCH", crd, { spec: { conversion: { webhook: { clientConfig: gone } } } }, "application/merge-patch+json");
  await cluster.must("DELETE", crd);
  await eventually(async () => ((await cluster.ask("GET", crd)).status === 404 ? true : undefined));
});
