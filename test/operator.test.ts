/** Controllers run by the operator room, against a real API server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventRecorder } from "../src/client/event-recorder.ts";
import { informerFactory } from "../src/client/informer-factory.ts";
import { systemClock } from "../src/core/clock.ts";
import { silent } from "../src/core/log.ts";
import { MetricsRegistry } from "../src/core/metrics.ts";
import type { Controller, ControllerContext } from "../src/operator/controller.ts";
import { addFinalizer, removeFinalizer } from "../src/operator/finalizers.ts";
import { runControllers } from "../src/operator/run-controllers.ts";
import { patchStatus, updateStatusWithRetry, updateWithRetry } from "../src/operator/update.ts";
import { objectKey, splitKey } from "../src/schema/object.ts";
import { deployments } from "../src/schema/types/apps-v1.ts";
import { configmaps, events, namespaces } from "../src/schema/types/core-v1.ts";
import { waitFor } from "../src/client/wait.ts";
import { type Reachable, startReachable } from "./client/servers.ts";

function contextOf(server: Reachable, stop: AbortController): ControllerContext {
  return {
    client: server.local,
    informers: informerFactory(server.local, { streamingList: false }),
    clock: systemClock,
    log: silent,
    metrics: new MetricsRegistry(),
    events: eventRecorder(server.local, "test"),
    signal: stop.signal,
  };
}

void test("a controller gets its keys after its cache is filled, tries again after failures, and reports under its name", async () => {
  await using server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "ns" } });
  const maps = server.local.resource(configmaps, "ns");
  for (const name of ["a", "b"]) await maps.create({ metadata: { name }, data: { text: name } });
  const stop = new AbortController();
  const context = contextOf(server, stop);
  let failures = 2;
  const upcase: Controller = {
    name: "upcase-controller",
    workers: 2,
    setup: (own, queue) => {
      const informer = own.informers.informer(configmaps);
      const add = (map: object): void => queue.add(objectKey(map));
      informer.addHandlers({ onAdd: add, onUpdate: add });
      return async (key) => {
        const { namespace, name } = splitKey(key);
        const map = informer.lister.get(namespace, name);
        assert.ok(map);
        if (map.data?.["upper"] !== undefined) return;
        if (failures-- > 0) throw new Error("not yet");
        await own.client.resource(configmaps, namespace).patch(name, "merge", { data: { upper: map.data?.["text"]?.toUpperCase() } });
        own.events.event(map, "Normal", "Upcased", `made ${name} loud`);
      };
    },
  };
  const running = runControllers(context, [upcase], { serviceAccountNamespace: null });
  const done = await Promise.all(["a", "b"].map((name) => waitFor(maps, name, (map) => map?.data?.["upper"] !== undefined)));
  assert.deepEqual(
    done.map((map) => map?.data?.["upper"]),
    ["A", "B"],
  );
  for (let i = 0; i < 200 && (await server.local.resource(events, "ns").list()).items.length < 2; i++)
    await new Promise((r) => setTimeout(r, 10));
  const sources = (await server.local.resource(events, "ns").list()).items.map((e) => e.source?.component);
  assert.deepEqual(sources, ["upcase-controller", "upcase-controller"]);
  const text = context.metrics.expose();
  assert.match(text, /workqueue_retries_total\{name="upcase-controller"\} 2/);
  assert.match(text, /running_managed_controllers\{manager="kube-controller-manager",name="upcase-controller"\} 1/);
  stop.abort();
  context.informers.stop();
  await running;
});

void test("by default each controller acts as its own service account", async () => {
  await using server = await startReachable();
  const stop = new AbortController();
  const context = contextOf(server, stop);
  let refused = "";
  const probe: Controller = {
    name: "probe-controller",
    identity: "generic-probe",
    setup: (own, queue) => {
      queue.add("now");
      return async () => {
        await own.client
          .resource(namespaces)
          .list()
          .catch((error: unknown) => (refused = String(error)));
        stop.abort();
      };
    },
  };
  await runControllers(context, [probe]);
  assert.match(refused, /User "system:serviceaccount:kube-system:generic-probe" cannot list resource "namespaces"/);
});

void test("updates are done again on what someone else has written, finalizers come and go, and status has its own way", async () => {
  await using server = await startReachable();
  const client = server.local;
  await client.resource(namespaces).create({ metadata: { name: "ns" } });
  const stale = await client.resource(configmaps, "ns").create({ metadata: { name: "m" }, data: { n: "1" } });
  await client.resource(configmaps, "ns").patch("m", "merge", { data: { other: "x" } });
  const written = await updateWithRetry(client, configmaps, stale, (draft) => void (draft.data = { ...draft.data, n: "2" }));
  assert.deepEqual(written.data, { n: "2", other: "x" });
  const held = await addFinalizer(client, configmaps, stale, "example.com/hold");
  assert.deepEqual(held.metadata?.finalizers, ["example.com/hold"]);
  await client.resource(configmaps, "ns").delete("m");
  await removeFinalizer(client, configmaps, held, "example.com/hold");
  assert.deepEqual((await client.resource(configmaps, "ns").list()).items, []);
  const deployment = await client.resource(deployments, "ns").create({
    metadata: { name: "d" },
    spec: {
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  });
  await patchStatus(client, deployments, deployment, { replicas: 1 });
  const status = await updateStatusWithRetry(
    client,
    deployments,
    deployment,
    (draft) => void (draft.status = { ...draft.status, readyReplicas: 1 }),
  );
  assert.deepEqual([status.status?.replicas, status.status?.readyReplicas], [1, 1]);
});
