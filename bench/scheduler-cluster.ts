/**
 * Scheduling in full, in one process: an API server over a memory store, nodes, pods that wait, and the scheduler, which
 * reads them from its informers, binds them through the API and writes their events.
 * `node bench/scheduler-cluster.ts [nodes] [pods]`; 5,000 and 5,000 when absent.
 */
import { createApiServer, type ApiServer } from "../src/apiserver/server.ts";
import type { Client } from "../src/client/client.ts";
import { eventRecorder } from "../src/client/event-recorder.ts";
import { inProcessClient } from "../src/client/in-process-client.ts";
import { informerFactory } from "../src/client/informer-factory.ts";
import { systemClock } from "../src/core/clock.ts";
import { silent } from "../src/core/log.ts";
import { MetricsRegistry } from "../src/core/metrics.ts";
import { builtinResources, type ResourceDeps } from "../src/resources/index.ts";
import { startScheduler } from "../src/scheduler/index.ts";
import { namespaces, nodes, pods } from "../src/schema/types/core-v1.ts";
import { memoryStore } from "../src/store/memory-store.ts";

const nodeCount = Number(process.argv[2] ?? 5000);
const podCount = Number(process.argv[3] ?? 5000);

async function startServer(): Promise<{ client: Client; close: () => Promise<void> }> {
  const store = memoryStore({ clock: systemClock });
  const server: ApiServer = createApiServer({ store, clock: systemClock, log: silent, metrics: new MetricsRegistry(), admission: [] });
  const client = inProcessClient(server, { name: "bench", groups: ["system:masters"] });
  const deps: ResourceDeps = {
    clock: systemClock,
    log: silent,
    objects: (group, resource) => server.objects(group, resource),
    client: () => client,
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  await server.start();
  const close = async (): Promise<void> => {
    await server.stop();
    await store.close();
  };
  return { client, close };
}

const { client, close } = await startServer();
await client.resource(namespaces).create({ metadata: { name: "default" } });
const allocatable = { cpu: "32", memory: "64Gi", pods: "110", "ephemeral-storage": "100Gi" };
for (let i = 0; i < nodeCount; i++) {
  const labels = { "kubernetes.io/hostname": `node-${i}`, "topology.kubernetes.io/zone": `zone-${i % 3}` };
  await client.resource(nodes).create({ metadata: { name: `node-${i}`, labels } });
  const status = { allocatable, capacity: allocatable };
  await client.resource(nodes).patch(`node-${i}`, "merge", { status }, { subresource: "status" });
}
const container = { name: "c", image: "registry.k8s.io/pause:3.10", resources: { requests: { cpu: "100m", memory: "200Mi" } } };
for (let i = 0; i < podCount; i++) {
  await client
    .resource(pods, "default")
    .create({ metadata: { name: `pod-${i}`, labels: { app: "bench" } }, spec: { containers: [container] } });
}

const stop = new AbortController();
const informers = informerFactory(client, { streamingList: false });
let bound = 0;
const allBound = new Promise<void>((resolve) => {
  informers.informer(pods).addHandlers({
    onUpdate: (pod, old) => {
      if (pod.spec?.nodeName && !old.spec?.nodeName && ++bound === podCount) resolve();
    },
  });
});
informers.informer(nodes);
informers.start();
await informers.whenSynced();
const cpu = process.cpuUsage();
const started = performance.now();
const running = startScheduler({
  client,
  informers,
  clock: systemClock,
  log: silent,
  metrics: new MetricsRegistry(),
  events: eventRecorder(client, "bench"),
  signal: stop.signal,
});
await allBound;
const seconds = (performance.now() - started) / 1000;
const used = process.cpuUsage(cpu);
const perPod = (used.user + used.system) / 1000 / podCount;
console.log(
  `${nodeCount} nodes: ${podCount} pods bound in ${seconds.toFixed(2)} s, ${Math.round(podCount / seconds)} pods/s, ` +
    `CPU ${perPod.toFixed(3)} ms/pod (API server, binding and events included), ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
);
stop.abort();
informers.stop();
await running;
await close();
