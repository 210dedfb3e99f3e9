import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Node, Pod } from "../schema/types/core-v1.ts";
import { SchedulerCache } from "./cache.ts";
import { scoreNodes } from "./cycle.ts";
import { PodInfo } from "./pod-info.ts";
import { defaultPlugins } from "./plugins/index.ts";
import { cacheOf, makeNode, makePod } from "./test-objects.ts";

const names = ["a", "b", "c", "d"];

type Step =
  | { type: "place"; pod: number; node: number; assume: boolean }
  | { type: "remove"; pod: number }
  | { type: "label"; pod: number }
  | { type: "node"; node: number; zone: string; cpu: string }
  | { type: "drop"; node: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("place" as const), pod: fc.nat(11), node: fc.nat(3), assume: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("remove" as const), pod: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("label" as const), pod: fc.nat(11) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("node" as const),
      node: fc.nat(3),
      zone: fc.constantFrom("x", "y"),
      cpu: fc.constantFrom("4", "8"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("drop" as const), node: fc.nat(3) }) },
);

const onZone = { topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } } };

/** Twelve pods: plain ones, and ones with each kind of term about others. */
function podAt(i: number): Pod {
  const affinity = [
    undefined,
    { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [onZone] } },
    { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: onZone }] } },
  ][i % 3];
  const labels = { app: i % 2 === 0 ? "web" : "db" };
  const pod = makePod(`p${i}`, {
    cpu: `${100 * (i + 1)}m`,
    labels,
    hostPort: 8000 + (i % 5),
    spec: affinity === undefined ? {} : { affinity },
  });
  pod.metadata = { ...pod.metadata, uid: `u${i}` };
  return pod;
}

const nodeAt = (i: number, zone: string, cpu: string): Node => makeNode(names[i] as string, { cpu, labels: { zone } });

/** What every filter and scorer says about every node, for pods that make all of them speak. */
function verdicts(cache: SchedulerCache): unknown {
  const spread = [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: { app: "web" } } }];
  const soft = [{ ...spread[0], maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }];
  const asking = [
    podAt(1),
    podAt(2),
    makePod("s", { labels: { app: "web" }, spec: { topologySpreadConstraints: [...spread, ...soft] } }),
    makePod("h", { hostPort: 8001 }),
  ];
  const nodes = [...cache.nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
  return asking.map((pod) => {
    const cycle = { pod: new PodInfo(pod), snapshot: cache };
    const filters = defaultPlugins.flatMap((plugin) => {
      const filter = plugin.prepareFilter?.(cycle);
      return filter !== undefined && "check" in filter ? [filter] : [];
    });
    const rejected = nodes.map((node) => filters.map((filter) => filter.check(node)?.reasons).filter((r) => r !== undefined));
    return [nodes.map((node) => node.name), rejected, [...scoreNodes(cycle, nodes, defaultPlugins)]];
  });
}

void test("whatever pods and nodes come, go and change, the cache says what one says that is built from what is left", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 60 }), (steps) => {
      const cache = new SchedulerCache();
      const nodes = new Map<number, Node>();
      const placed = new Map<number, Pod>();
      for (const one of steps) {
        if (one.type === "node") {
          nodes.set(one.node, nodeAt(one.node, one.zone, one.cpu));
          cache.setNode(nodes.get(one.node) as Node);
        } else if (one.type === "drop") {
          nodes.delete(one.node);
          cache.removeNode(names[one.node] as string);
        } else if (one.type === "place" && !placed.has(one.pod)) {
          const pod = podAt(one.pod);
          if (one.assume) cache.assume(new PodInfo(pod), names[one.node] as string);
          pod.spec = { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: names[one.node] };
          cache.setPod(pod);
          placed.set(one.pod, pod);
        } else if (one.type === "label" && placed.has(one.pod)) {
          const pod = placed.get(one.pod) as Pod;
          const app = pod.metadata?.labels?.["app"] === "web" ? "db" : "web";
          placed.set(one.pod, { ...pod, metadata: { ...pod.metadata, labels: { app } } });
          cache.setPod(placed.get(one.pod) as Pod);
        } else if (one.type === "remove") {
          cache.removePod(`u${one.pod}`);
          placed.delete(one.pod);
        }
        // Sums that are kept are brought up to date in the middle too.
        if (steps.length % 2 === 0) verdicts(cache);
      }
      assert.deepEqual(verdicts(cache), verdicts(cacheOf([...nodes.values()], [...placed.values()])));
    }),
    { numRuns: 150 },
  );
});

void test("a forgotten assumption gives its room back, a confirmed one does not count twice", () => {
  const cache = cacheOf([makeNode("a")]);
  const pod = makePod("p", { cpu: "1" });
  cache.assume(new PodInfo(pod), "a");
  assert.equal(cache.node("a")?.requested.milliCpu, 1000);
  cache.forget(pod.metadata?.uid ?? "");
  assert.equal(cache.node("a")?.requested.milliCpu, 0);
  cache.assume(new PodInfo(pod), "a");
  pod.spec = { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: "a" };
  assert.equal(cache.setPod(pod).assumed, true);
  cache.forget(pod.metadata?.uid ?? "");
  assert.deepEqual([cache.node("a")?.requested.milliCpu, cache.node("a")?.pods.size], [1000, 1]);
});

void test("zones take turns in the order of search", () => {
  const labels = (zone: string): { labels: Record<string, string> } => ({ labels: { "topology.kubernetes.io/zone": zone } });
  const cache = cacheOf([
    makeNode("a1", labels("a")),
    makeNode("a2", labels("a")),
    makeNode("a3", labels("a")),
    makeNode("b1", labels("b")),
  ]);
  assert.deepEqual(
    cache.nodes.map((node) => node.name),
    ["a1", "b1", "a2", "a3"],
  );
});
