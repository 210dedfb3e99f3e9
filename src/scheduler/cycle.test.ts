import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodAffinityTerm } from "../schema/types/core-v1.ts";
import { type Decision, nodesToFind, schedule } from "./cycle.ts";
import { describeDiagnosis } from "./diagnosis.ts";
import { compileSelector, type PodInfo } from "./pod-info.ts";
import { defaultPlugins } from "./plugins/index.ts";
import type { Snapshot } from "./snapshot.ts";
import { cacheOf, makeNode, makePod, podInfo } from "./test-objects.ts";

const decide = (snapshot: Snapshot, pod: PodInfo): Decision =>
  schedule(snapshot, pod, { plugins: defaultPlugins, start: 0, random: () => 0.5 });

function nodeOf(decision: Decision): string {
  assert.equal(decision.type, "fits");
  return decision.type === "fits" ? decision.node.name : "";
}

function messageOf(decision: Decision): string {
  assert.equal(decision.type, "unschedulable");
  return decision.type === "unschedulable" ? describeDiagnosis(decision.diagnosis, "") : "";
}

const onHost = (labels: Record<string, string>): PodAffinityTerm => ({
  topologyKey: "kubernetes.io/hostname",
  labelSelector: { matchLabels: labels },
});

void test("without nodes there is nothing to decide", () => {
  assert.equal(decide(cacheOf([]), podInfo("p")).type, "no-nodes");
});

void test("reasons are counted over the nodes and worded as upstream's", () => {
  const cache = cacheOf([
    makeNode("a", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
    makeNode("b", { cpu: "2" }),
    makeNode("c", { cpu: "2" }),
  ]);
  assert.equal(
    messageOf(decide(cache, podInfo("p", { cpu: "3" }))),
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.",
  );
});

void test("all that is short on a node is named", () => {
  const cache = cacheOf([makeNode("a", { cpu: "1", memory: "1Gi", pods: "1" })], [makePod("there", { node: "a" })]);
  assert.equal(
    messageOf(decide(cache, podInfo("p", { cpu: "2", memory: "2Gi" }))),
    "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods.",
  );
});

void test("a cordoned node takes only pods that bear its taint", () => {
  const cache = cacheOf([makeNode("a", { spec: { unschedulable: true } })]);
  assert.equal(messageOf(decide(cache, podInfo("p"))), "0/1 nodes are available: 1 node(s) were unschedulable.");
  const tolerations = [{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" }];
  assert.equal(nodeOf(decide(cache, podInfo("q", { spec: { tolerations } }))), "a");
});

void test("node selectors and affinity choose nodes, and a pinned name looks at that node alone", () => {
  const cache = cacheOf([makeNode("a", { labels: { disk: "hdd" } }), makeNode("b", { labels: { disk: "ssd" } }), makeNode("c")]);
  assert.equal(nodeOf(decide(cache, podInfo("p", { spec: { nodeSelector: { disk: "ssd" } } }))), "b");
  assert.equal(
    messageOf(decide(cache, podInfo("p", { spec: { nodeSelector: { disk: "tape" } } }))),
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
  );
  const pinned = (name: string): PodInfo =>
    podInfo("p", {
      cpu: "5",
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] }],
            },
          },
        },
      },
    });
  assert.equal(
    messageOf(decide(cache, pinned("b"))),
    "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  );
});

void test("host ports conflict on the same address and protocol", () => {
  const cache = cacheOf([makeNode("a")], [makePod("there", { node: "a", hostPort: 80 })]);
  assert.equal(
    messageOf(decide(cache, podInfo("p", { hostPort: 80 }))),
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  );
  assert.equal(nodeOf(decide(cache, podInfo("q", { hostPort: 81 }))), "a");
});

void test("the emptier node is preferred, and the one that has the image", () => {
  const busy = [makePod("b1", { node: "a", cpu: "2", memory: "4Gi" })];
  assert.equal(nodeOf(decide(cacheOf([makeNode("a"), makeNode("b")], busy), podInfo("p", { cpu: "1", memory: "1Gi" }))), "b");
  const images = { "app:latest": 900 * 1024 * 1024 };
  assert.equal(nodeOf(decide(cacheOf([makeNode("a"), makeNode("b", { images })]), podInfo("p", { cpu: "1" }))), "b");
});

void test("a node with a PreferNoSchedule taint is a last resort", () => {
  const spec = { taints: [{ key: "k", effect: "PreferNoSchedule" }] };
  const busy = [makePod("b1", { node: "b", cpu: "2", memory: "4Gi" })];
  assert.equal(nodeOf(decide(cacheOf([makeNode("a", { spec }), makeNode("b")], busy), podInfo("p", { cpu: "1" }))), "b");
});

void test("anti-affinity keeps pods apart, in both directions", () => {
  const labels = { app: "db" };
  const anti = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [onHost(labels)] } };
  const nodes = [makeNode("a"), makeNode("b")];
  const first = makePod("db-0", { node: "a", labels, spec: { affinity: anti } });
  assert.equal(nodeOf(decide(cacheOf(nodes, [first]), podInfo("db-1", { labels, spec: { affinity: anti } }))), "b");
  // The pod that is there does not want it, though it has no terms of its own.
  assert.equal(nodeOf(decide(cacheOf(nodes, [first]), podInfo("other", { labels }))), "b");
  assert.equal(
    messageOf(decide(cacheOf([makeNode("a")], [first]), podInfo("other", { labels }))),
    "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  );
});

void test("affinity follows a pod, and the first of a series may go anywhere", () => {
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [onHost({ app: "web" })] } };
  const nodes = [makeNode("a"), makeNode("b")];
  const there = makePod("web-0", { node: "b", labels: { app: "web" } });
  assert.equal(nodeOf(decide(cacheOf(nodes, [there]), podInfo("p", { spec: { affinity } }))), "b");
  assert.equal(
    messageOf(decide(cacheOf(nodes), podInfo("p", { spec: { affinity } }))),
    "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.",
  );
  assert.equal(decide(cacheOf(nodes), podInfo("web-1", { labels: { app: "web" }, spec: { affinity } })).type, "fits");
});

void test("hard spreading bounds the skew between zones", () => {
  const zone = (name: string): { labels: Record<string, string> } => ({ labels: { zone: name } });
  const nodes = [makeNode("a1", zone("a")), makeNode("b1", zone("b")), makeNode("none")];
  const labels = { app: "web" };
  const spec = {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: labels } },
    ],
  };
  const there = [makePod("web-0", { node: "a1", labels })];
  assert.equal(nodeOf(decide(cacheOf(nodes, there), podInfo("web-1", { labels, spec }))), "b1");
  // Zone b is out by the selector, so that it does not count for the lowest number either.
  assert.equal(nodeOf(decide(cacheOf(nodes, there), podInfo("web-1", { labels, spec: { ...spec, nodeSelector: { zone: "a" } } }))), "a1");
  const both = [...there, makePod("web-1", { node: "a1", labels })];
  assert.equal(
    messageOf(
      decide(
        cacheOf([...nodes.slice(0, 1), makeNode("b1", { ...zone("b"), cpu: "0" }), makeNode("none")], both),
        podInfo("web-2", { labels, spec, cpu: "1" }),
      ),
    ),
    "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints, " +
      "1 node(s) didn't match pod topology spread constraints (missing required label).",
  );
});

void test("pods of one service spread over hosts by default", () => {
  const labels = { app: "web" };
  const there = [makePod("web-0", { node: "a", labels }), makePod("other", { node: "b" })];
  const cache = cacheOf([makeNode("a"), makeNode("b")], there, { defaultSpreadSelector: () => compileSelector({ matchLabels: labels }) });
  assert.equal(nodeOf(decide(cache, podInfo("web-1", { labels }))), "b");
});

void test("a nominated node is tried first", () => {
  const cache = cacheOf([makeNode("a"), makeNode("b", { cpu: "1" })]);
  assert.equal(nodeOf(decide(cache, podInfo("p", { cpu: "1", status: { nominatedNodeName: "b" } }))), "b");
});

void test("room that a pod of higher priority waits for is not given away", () => {
  const cache = cacheOf([makeNode("a")]);
  cache.nominate(podInfo("important", { cpu: "3", priority: 100 }), "a");
  assert.equal(messageOf(decide(cache, podInfo("p", { cpu: "2" }))), "0/1 nodes are available: 1 Insufficient cpu.");
  assert.equal(nodeOf(decide(cache, podInfo("q", { cpu: "2", priority: 200 }))), "a");
});

void test("searches stop when enough nodes are found, and the next goes on from there", () => {
  assert.deepEqual(
    [50, 100, 1000, 5000, 10_000].map((n) => nodesToFind(n)),
    [50, 100, 420, 500, 500],
  );
  const cache = cacheOf(Array.from({ length: 200 }, (_, i) => makeNode(`n${i}`)));
  const decision = decide(cache, podInfo("p"));
  assert.deepEqual(decision.type === "fits" && [decision.feasible, decision.nextStart], [100, 100]);
});
