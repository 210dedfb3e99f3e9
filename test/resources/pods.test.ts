import assert from "node:assert/strict";
import { test } from "node:test";
import { mutable } from "../../src/schema/object.ts";
import { namespaces, pods, type Pod } from "../../src/schema/types/core-v1.ts";
import { poddisruptionbudgets, type Eviction, type PodDisruptionBudget } from "../../src/schema/types/policy-v1.ts";
import { startServer, type TestServer } from "./server.ts";

async function cluster(): Promise<TestServer> {
  const at = await startServer();
  await at.client.resource(namespaces).create({ metadata: { name: "team" } });
  return at;
}

const pod = (name: string, spec: Partial<NonNullable<Pod["spec"]>> = {}, labels: Record<string, string> = { app: "web" }): Pod => ({
  metadata: { name, labels },
  spec: { containers: [{ name: "app", image: "nginx" }], ...spec },
});

async function running(at: TestServer, name: string, ready = true): Promise<void> {
  const client = at.client.resource(pods, "team");
  const found = await client.get(name);
  const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
  await client.updateStatus({ ...found, status: { ...found.status, phase: "Running", conditions } });
}

const bind = (at: TestServer, name: string, node: string, metadata: object = {}): Promise<unknown> =>
  at.client.resource(pods, "team").createSubresource(name, "binding", {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, ...metadata },
    target: { kind: "Node", name: node },
  });

test("a binding puts a pod on a node, once, with what the scheduler noted", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("a"));
  await bind(at, "a", "n1", { annotations: { by: "test" }, labels: { zone: "z1" } });
  const bound = await at.client.resource(pods, "team").get("a");
  assert.equal(bound.spec?.nodeName, "n1");
  assert.deepEqual([bound.metadata?.annotations?.["by"], bound.metadata?.labels], ["test", { app: "web", zone: "z1" }]);
  assert.deepEqual(
    bound.status?.conditions?.map((c) => [c.type, c.status]),
    [["PodScheduled", "True"]],
  );
  await assert.rejects(bind(at, "a", "n2"), {
    code: 409,
    message: 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
  });
  await assert.rejects(bind(at, "none", "n2"), { code: 404, message: 'pods "none" not found' });
});

test("a binding for another pod of the same name is refused", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("a"));
  await assert.rejects(bind(at, "a", "n1", { uid: "someone-else" }), { code: 409, message: /Precondition failed: UID in precondition/ });
});

test("a pod that is nowhere goes at once, one on a node takes its grace period", async () => {
  await using at = await cluster();
  const client = at.client.resource(pods, "team");
  await client.create(pod("loose"));
  await client.delete("loose");
  await assert.rejects(client.get("loose"), { code: 404 });

  await client.create(pod("placed", { nodeName: "n1", terminationGracePeriodSeconds: 17 }));
  const going = (await client.delete("placed")) as Pod;
  assert.equal(going.metadata?.deletionGracePeriodSeconds, 17);
  assert.ok(going.metadata?.deletionTimestamp);
  const sooner = (await client.delete("placed", { gracePeriodSeconds: 3 })) as Pod;
  assert.equal(sooner.metadata?.deletionGracePeriodSeconds, 3);
  await client.delete("placed", { gracePeriodSeconds: 0 });
  await assert.rejects(client.get("placed"), { code: 404 });
});

test("a pod whose containers are done goes at once", async () => {
  await using at = await cluster();
  const client = at.client.resource(pods, "team");
  const created = await client.create(pod("done", { nodeName: "n1" }));
  await client.updateStatus({ ...created, status: { ...created.status, phase: "Succeeded" } });
  await client.delete("done");
  await assert.rejects(client.get("done"), { code: 404 });
});

const evict = (at: TestServer, name: string, more: Partial<Eviction> = {}): Promise<unknown> =>
  at.client
    .resource(pods, "team")
    .createSubresource(name, "eviction", { apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, ...more });

async function budget(at: TestServer, status: PodDisruptionBudget["status"], spec: object = {}): Promise<void> {
  const client = at.client.resource(poddisruptionbudgets, "team");
  const created = mutable(
    await client.create({ metadata: { name: "web" }, spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } }, ...spec } }),
  );
  await client.updateStatus({
    ...created,
    status: { ...created.status, ...status, observedGeneration: created.metadata?.generation } as never,
  });
}

test("an eviction spends the budget, notes why and deletes", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("a", { nodeName: "n1" }));
  await running(at, "a");
  await budget(at, { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 });
  await evict(at, "a");
  const going = await at.client.resource(pods, "team").get("a");
  assert.ok(going.metadata?.deletionTimestamp);
  assert.ok(going.status?.conditions?.some((c) => c.type === "DisruptionTarget" && c.reason === "EvictionByEvictionAPI"));
  const spent = await at.client.resource(poddisruptionbudgets, "team").get("web");
  assert.equal(spent.status?.disruptionsAllowed, 0);
  assert.ok(spent.status?.disruptedPods?.["a"]);
});

test("an eviction that the budget does not allow is put off", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("a", { nodeName: "n1" }));
  await running(at, "a");
  await budget(at, { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 });
  await assert.rejects(evict(at, "a"), {
    code: 429,
    reason: "TooManyRequests",
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: "DisruptionBudget", message: "The disruption budget web needs 1 healthy pods and has 1 currently" }] },
  });
  assert.equal((await at.client.resource(pods, "team").get("a")).metadata?.deletionTimestamp, undefined);
});

test("an unready pod may go where its budget says so, a pending one always", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("sick", { nodeName: "n1" }));
  await running(at, "sick", false);
  await budget(
    at,
    { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 1 },
    { unhealthyPodEvictionPolicy: "AlwaysAllow" },
  );
  await evict(at, "sick");
  assert.ok((await at.client.resource(pods, "team").get("sick")).metadata?.deletionTimestamp);
  await at.client.resource(pods, "team").create(pod("pending"));
  await evict(at, "pending");
  await assert.rejects(at.client.resource(pods, "team").get("pending"), { code: 404 });
});

test("two budgets on one pod are one too many", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("a", { nodeName: "n1" }));
  await running(at, "a");
  await budget(at, { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 });
  const selector = { matchLabels: { app: "web" } };
  await at.client.resource(poddisruptionbudgets, "team").create({ metadata: { name: "second" }, spec: { minAvailable: 1, selector } });
  await assert.rejects(evict(at, "a"), {
    code: 500,
    message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
  });
});

test("a dry run of an eviction changes nothing", async () => {
  await using at = await cluster();
  await at.client.resource(pods, "team").create(pod("a", { nodeName: "n1" }));
  await running(at, "a");
  await budget(at, { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 });
  await evict(at, "a", { deleteOptions: { dryRun: ["All"] } });
  assert.equal((await at.client.resource(pods, "team").get("a")).metadata?.deletionTimestamp, undefined);
  assert.equal((await at.client.resource(poddisruptionbudgets, "team").get("web")).status?.disruptionsAllowed, 1);
});

test("ephemeral containers are added through their subresource alone", async () => {
  await using at = await cluster();
  const client = at.client.resource(pods, "team");
  const created = mutable(await client.create(pod("a", { nodeName: "n1" })));
  if (created.spec !== undefined)
    created.spec.ephemeralContainers = [{ name: "debug", image: "busybox", terminationMessagePolicy: "File" }];
  await assert.rejects(client.update(created), { code: 422 });
  const changed = await client.updateSubresource<Pod>("a", "ephemeralcontainers", created);
  assert.equal(changed.spec?.ephemeralContainers?.[0]?.name, "debug");
  assert.equal(changed.metadata?.generation, 2);
});
