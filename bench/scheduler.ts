/**
 * How many pods a second the scheduler decides on: cycles over a cache of many nodes, each decision assumed before the
 * next, without an API server. `node bench/scheduler.ts [nodes] [pods]`; 5,000 and 10,000 when absent.
 */
import type { Node, Pod } from "../src/schema/types/core-v1.ts";
import { SchedulerCache } from "../src/scheduler/cache.ts";
import { compileSelector, PodInfo } from "../src/scheduler/pod-info.ts";
import { createCycleRunner } from "../src/scheduler/cycle-runner.ts";

const nodeCount = Number(process.argv[2] ?? 5000);
const podCount = Number(process.argv[3] ?? 10_000);

function node(i: number): Node {
  const allocatable = { cpu: "32", memory: "64Gi", pods: "110", "ephemeral-storage": "100Gi" };
  const labels = { "kubernetes.io/hostname": `node-${i}`, "topology.kubernetes.io/zone": `zone-${i % 3}` };
  return { metadata: { name: `node-${i}`, labels }, spec: {}, status: { allocatable } };
}

function pod(i: number, spec: Partial<NonNullable<Pod["spec"]>>): Pod {
  return {
    metadata: { name: `pod-${i}`, namespace: "default", uid: `uid-${i}`, labels: { app: `app-${i % 10}` }, generation: 1 },
    spec: {
      containers: [{ name: "c", image: "registry.k8s.io/pause:3.10", resources: { requests: { cpu: "100m", memory: "200Mi" } } }],
      schedulerName: "default-scheduler",
      tolerations: [
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
        { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
      ],
      ...spec,
    },
    status: {},
  };
}

function run(title: string, spec: (i: number) => Partial<NonNullable<Pod["spec"]>>, spread: boolean, count: number = podCount): void {
  const selectors = Array.from({ length: 10 }, (_, i) => compileSelector({ matchLabels: { app: `app-${i}` } }));
  const cache = new SchedulerCache({
    defaultSpreadSelector: (info) => (spread ? selectors[Number(info.labels["app"]?.slice(4))] : undefined),
  });
  for (let i = 0; i < nodeCount; i++) cache.setNode(node(i));
  const runner = createCycleRunner({});
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const at = performance.now();
    const info = new PodInfo(pod(i, spec(i)));
    const decision = runner.decide(cache, info);
    if (decision.type !== "fits") throw new Error(`pod ${i} found no node`);
    cache.assume(info, decision.node.name);
    times.push(performance.now() - at);
  }
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const p = (share: number): string => (times[Math.floor(times.length * share)] as number).toFixed(3);
  console.log(
    `${title.padEnd(34)} ${Math.round(count / seconds)} pods/s   p50 ${p(0.5)} ms  p99 ${p(0.99)} ms  CPU ${((used.user + used.system) / 1000 / count).toFixed(3)} ms/pod`,
  );
}

console.log(`${nodeCount} nodes, ${podCount} pods`);
run("plain pods", () => ({}), false);
run("pods of ten services (spreading)", () => ({}), true);
const zoneSpread = (i: number): Partial<NonNullable<Pod["spec"]>> => ({
  topologySpreadConstraints: [
    {
      maxSkew: 5,
      topologyKey: "topology.kubernetes.io/zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: `app-${i % 10}` } },
    },
  ],
});
run("hard zone spreading", zoneSpread, false, Math.min(podCount, 2000));
const anti = (i: number): Partial<NonNullable<Pod["spec"]>> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: `app-${i % 10}` } } },
      ],
    },
  },
});
run("anti-affinity to their own kind", anti, false, Math.min(podCount, 2000));
