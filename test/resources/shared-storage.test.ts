import assert from "node:assert/strict";
import { test } from "node:test";
import { autoscalerFromV1, autoscalerToV1 } from "../../src/resources/autoscaling-conversion.ts";
import { namespaces, events as coreEvents } from "../../src/schema/types/core-v1.ts";
import { horizontalpodautoscalers as v1Autoscalers } from "../../src/schema/types/autoscaling-v1.ts";
import { horizontalpodautoscalers as v2Autoscalers } from "../../src/schema/types/autoscaling-v2.ts";
import { deployments } from "../../src/schema/types/apps-v1.ts";
import { certificatesigningrequests } from "../../src/schema/types/certificates-v1.ts";
import type { Scale } from "../../src/schema/types/autoscaling-v1.ts";
import { events } from "../../src/schema/types/events-v1.ts";
import { createCsr } from "../../src/host/pki.ts";
import { FakeClock, startServer, type TestServer } from "./server.ts";

async function cluster(clock = new FakeClock()): Promise<TestServer & { clock: FakeClock }> {
  const at = await startServer({ clock });
  await at.client.resource(namespaces).create({ metadata: { name: "team" } });
  return Object.assign(at, { clock });
}

test("an event is the same object under both its names", async () => {
  await using at = await cluster();
  const involvedObject = { kind: "Pod", namespace: "team", name: "a", apiVersion: "v1" };
  await at.client.resource(coreEvents, "team").create({
    metadata: { name: "old" },
    involvedObject,
    reason: "Pulled",
    message: "image is there",
    type: "Normal",
    source: { component: "kubelet", host: "n1" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 2,
  } as never);
  const newer = await at.client.resource(events, "team").get("old");
  assert.equal(newer.apiVersion, "events.k8s.io/v1");
  assert.deepEqual(
    [newer.note, newer.regarding?.name, newer.deprecatedCount, newer.deprecatedSource, newer.deprecatedFirstTimestamp],
    ["image is there", "a", 2, { component: "kubelet", host: "n1" }, "2026-01-01T00:00:00Z"],
  );
  await at.client.resource(events, "team").create({
    metadata: { name: "new" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "example.com/c",
    reportingInstance: "c-1",
    action: "Binding",
    reason: "Scheduled",
    regarding: involvedObject,
    note: "placed",
    type: "Normal",
  } as never);
  const older = await at.client.resource(coreEvents, "team").get("new");
  assert.deepEqual([older.message, older.involvedObject.name, older.reportingComponent], ["placed", "a", "example.com/c"]);
  assert.equal((await at.client.resource(events, "team").list()).items.length, 2);
  for (const reason of ["Pulled", "Scheduled"]) {
    const fieldSelector = `regarding.name=a,reason=${reason}`;
    assert.equal((await at.client.resource(events, "team").list({ fieldSelector })).items.length, 1);
    const older = `involvedObject.name=a,reason=${reason}`;
    assert.equal((await at.client.resource(coreEvents, "team").list({ fieldSelector: older })).items.length, 1);
  }
});

test("an event is forgotten after an hour", async () => {
  await using at = await cluster();
  const involvedObject = { kind: "Namespace", name: "team", namespace: "team" };
  await at.client.resource(coreEvents, "team").create({ metadata: { name: "e" }, involvedObject, reason: "X", type: "Normal" } as never);
  await at.clock.advance(59 * 60_000);
  await at.client.resource(coreEvents, "team").get("e");
  await at.clock.advance(2 * 60_000);
  await assert.rejects(at.client.resource(coreEvents, "team").get("e"), { code: 404 });
});

test("an autoscaler of the older version is the newer one's CPU metric", async () => {
  await using at = await cluster();
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  await at.client.resource(v1Autoscalers, "team").create({
    metadata: { name: "web" },
    spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
  } as never);
  const newer = await at.client.resource(v2Autoscalers, "team").get("web");
  assert.deepEqual(newer.spec?.metrics, [
    { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } },
  ]);
  const older = await at.client.resource(v1Autoscalers, "team").get("web");
  assert.equal(older.spec?.targetCPUUtilizationPercentage, 60);
});

test("what the older autoscaler cannot say survives the way there and back", () => {
  const object = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "a" },
    spec: {
      scaleTargetRef: { kind: "Deployment", name: "a" },
      maxReplicas: 3,
      metrics: [
        {
          type: "External",
          external: {
            metric: { name: "queue", selector: { matchLabels: { a: "b" } } },
            target: { type: "AverageValue", averageValue: "30" },
          },
        },
        { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "1k" } } },
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
    status: { currentReplicas: 1, desiredReplicas: 2, currentMetrics: null },
  };
  const back = autoscalerFromV1(autoscalerToV1(structuredClone(object)));
  assert.deepEqual(back, object);
});

test("a deployment is scaled through its scale", async () => {
  await using at = await cluster();
  const client = at.client.resource(deployments, "team");
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "b" }] } };
  await client.create({ metadata: { name: "web" }, spec: { replicas: 2, selector: { matchLabels: labels }, template } });
  const scale = await client.getSubresource<Scale>("web", "scale");
  assert.deepEqual([scale.spec, scale.status], [{ replicas: 2 }, { replicas: 0, selector: "app=web" }]);
  await client.updateSubresource<Scale>("web", "scale", { ...scale, spec: { replicas: 0 } });
  assert.equal((await client.get("web")).spec?.replicas, 0);
  await assert.rejects(
    client.updateSubresource<Scale>("web", "scale", {
      ...scale,
      metadata: { ...scale.metadata, resourceVersion: "" },
      spec: { replicas: -1 },
    }),
    {
      code: 422,
    },
  );
});

test("a signing request says who asked, whatever they say", async () => {
  await using at = await cluster();
  const request = Buffer.from(createCsr({ commonName: "x" }).request).toString("base64");
  const user = at.client.as({ name: "jane", groups: ["devs", "system:authenticated"] });
  const spec = { request, signerName: "example.com/s", usages: ["client auth"], username: "root" };
  const created = await user.resource(certificatesigningrequests).create({ metadata: { name: "r" }, spec });
  assert.equal(created.spec.username, "jane");
  assert.deepEqual(created.spec.groups, ["devs", "system:authenticated"]);
  const status = { conditions: [{ type: "Approved", status: "True", reason: "Fine", message: "ok" }] };
  const approved = await at.client
    .resource(certificatesigningrequests)
    .updateSubresource("r", "approval", { ...created, status, spec: { ...created.spec, username: "other" } });
  assert.equal(approved.spec.username, "jane");
  const condition = (approved as typeof created).status?.conditions?.[0];
  assert.equal(condition?.type, "Approved");
  assert.ok(condition?.lastTransitionTime && condition.lastUpdateTime);
});
