/** The scheduler against a real API server in this process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { informerFactory } from "../../src/client/informer-factory.ts";
import { eventRecorder } from "../../src/client/event-recorder.ts";
import type { Client } from "../../src/client/client.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import type { ControllerContext } from "../../src/operator/controller.ts";
import { startScheduler } from "../../src/scheduler/index.ts";
import { makeNode, makePod, type PodOptions } from "../../src/scheduler/test-objects.ts";
import { namespaces, nodes, type Node, type Pod, pods } from "../../src/schema/types/core-v1.ts";
import { events } from "../../src/schema/types/events-v1.ts";
import { startServer } from "../resources/server.ts";

interface Cluster extends AsyncDisposable {
  client: Client;
  addNode(node: Node): Promise<void>;
  addPod(name: string, options?: PodOptions): Promise<void>;
  /** The pod once `when` holds for it; fails after ten seconds. */
  podWhen(name: string, when: (pod: Pod) => boolean): Promise<Pod>;
  notes(pod: string): Promise<string[]>;
}

async function startCluster(): Promise<Cluster> {
  const server = await startServer();
  const { client } = server;
  const stop = new AbortController();
  const informers = informerFactory(client, { streamingList: false });
  const context: ControllerContext = {
    client,
    informers,
    clock: systemClock,
    log: silent,
    metrics: new MetricsRegistry(),
    events: eventRecorder(client, "test"),
    signal: stop.signal,
  };
  await client.resource(namespaces).create({ metadata: { name: "default" } });
  const running = startScheduler(context);
  return {
    client,
    addNode: async (node) => {
      await client.resource(nodes).create(node);
      await client.resource(nodes).patch(node.metadata?.name ?? "", "merge", { status: node.status }, { subresource: "status" });
    },
    addPod: async (name, options) => {
      const { metadata, spec } = makePod(name, options);
      await client.resource(pods, "default").create({ metadata: { name, namespace: "default", labels: metadata?.labels }, spec });
    },
    podWhen: async (name, when) => {
      for (let i = 0; i < 1000; i++) {
        const pod = await client.resource(pods, "default").get(name);
        if (when(pod)) return pod;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`pod ${name}: ${JSON.stringify(await client.resource(pods, "default").get(name))}`);
    },
    notes: async (pod) => {
      const all = (await client.resource(events, "default").list()).items;
      return all.filter((e) => e.regarding?.name === pod).map((e) => `${e.type} ${e.reason} ${e.action} ${e.note}`);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      informers.stop();
      await running;
      await server[Symbol.asyncDispose]();
    },
  };
}

const bound = (pod: Pod): boolean => !!pod.spec?.nodeName;
const refused = (pod: Pod): boolean => pod.status?.conditions?.some((c) => c.type === "PodScheduled" && c.status === "False") === true;

void test("a pod is bound, and the event says where", async () => {
  await using cluster = await startCluster();
  await cluster.addNode(makeNode("a"));
  await cluster.addPod("p", { cpu: "1" });
  const pod = await cluster.podWhen("p", bound);
  assert.equal(pod.spec?.nodeName, "a");
  assert.equal(pod.status?.conditions?.find((c) => c.type === "PodScheduled")?.status, "True");
  for (let i = 0; i < 100 && (await cluster.notes("p")).length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(await cluster.notes("p"), ["Normal Scheduled Binding Successfully assigned default/p to a"]);
});

void test("a pod that fits nowhere says why, and goes as soon as a node comes that takes it", async () => {
  await using cluster = await startCluster();
  await cluster.addPod("p", { cpu: "3" });
  const first = await cluster.podWhen("p", refused);
  assert.equal(first.status?.conditions?.find((c) => c.type === "PodScheduled")?.message, "no nodes available to schedule pods");
  await cluster.addNode(makeNode("small", { cpu: "2" }));
  const message =
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: " +
    "0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  await cluster.podWhen("p", (pod) => pod.status?.conditions?.some((c) => c.message === message) === true);
  await cluster.addNode(makeNode("large", { cpu: "4" }));
  assert.equal((await cluster.podWhen("p", bound)).spec?.nodeName, "large");
});

void test("a pod of higher priority takes the place of a lower one", async () => {
  await using cluster = await startCluster();
  await cluster.addNode(makeNode("a", { cpu: "2" }));
  await cluster.addPod("low", { cpu: "2", spec: { terminationGracePeriodSeconds: 0 } });
  await cluster.podWhen("low", bound);
  await cluster.addPod("high", { cpu: "2", priority: 1000 });
  assert.equal((await cluster.podWhen("high", bound)).spec?.nodeName, "a");
  assert.match((await cluster.notes("low")).join("\n"), /Normal Preempted Preempting Preempted by pod [-0-9a-f]+ on node a/);
});

void test("pods of another scheduler, and gated pods, are left alone until they are not", async () => {
  await using cluster = await startCluster();
  await cluster.addNode(makeNode("a"));
  await cluster.addPod("other", { spec: { schedulerName: "somebody" } });
  await cluster.addPod("gated", { spec: { schedulingGates: [{ name: "example.com/wait" }] } });
  await cluster.addPod("p");
  await cluster.podWhen("p", bound);
  for (const name of ["other", "gated"]) assert.equal((await cluster.client.resource(pods, "default").get(name)).spec?.nodeName, undefined);
  await cluster.client.resource(pods, "default").patch("gated", "json", [{ op: "remove", path: "/spec/schedulingGates" }]);
  await cluster.podWhen("gated", bound);
});

void test("many pods at once never take more than the nodes have", async () => {
  await using cluster = await startCluster();
  for (const name of ["a", "b", "c"]) await cluster.addNode(makeNode(name, { cpu: "4" }));
  await Promise.all(Array.from({ length: 30 }, (_, i) => cluster.addPod(`p${i}`, { cpu: "500m" })));
  let all: Pod[] = [];
  for (let i = 0; i < 500; i++) {
    all = (await cluster.client.resource(pods, "default").list()).items;
    if (all.every((pod) => bound(pod) || refused(pod))) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const byNode = Map.groupBy(all, (pod) => pod.spec?.nodeName ?? "");
  assert.deepEqual(
    ["a", "b", "c", ""].map((name) => byNode.get(name)?.length),
    [8, 8, 8, 6],
  );
});
