import assert from "node:assert/strict";
import { test } from "node:test";
import type { SchedulerCache } from "./cache.ts";
import { schedule } from "./cycle.ts";
import { type Preemption, preempt } from "./preemption.ts";
import type { PodInfo } from "./pod-info.ts";
import { defaultPlugins } from "./plugins/index.ts";
import { cacheOf, makeNode, makePod, podInfo } from "./test-objects.ts";
import type { PodDisruptionBudget } from "../schema/types/policy-v1.ts";

function plan(cache: SchedulerCache, pod: PodInfo, budgets: PodDisruptionBudget[] = []): Preemption {
  const decision = schedule(cache, pod, { plugins: defaultPlugins, start: 0, random: () => 0 });
  assert.equal(decision.type, "unschedulable");
  if (decision.type !== "unschedulable") throw new Error("unreachable");
  return preempt({ pod, snapshot: cache }, decision.filters, decision.diagnosis, { budgets, random: () => 0 });
}

function victimsOf(preemption: Preemption): [string, string[]] {
  assert.equal(preemption.type, "preempt");
  if (preemption.type !== "preempt") throw new Error("unreachable");
  return [preemption.candidate.node.name, preemption.candidate.victims.map((v) => v.name)];
}

void test("only as many pods go as must, the least important ones", () => {
  const cache = cacheOf(
    [makeNode("a")],
    [
      makePod("low", { node: "a", cpu: "2", priority: 1 }),
      makePod("lower", { node: "a", cpu: "1", priority: 0 }),
      makePod("high", { node: "a", cpu: "1", priority: 1000 }),
    ],
  );
  assert.deepEqual(victimsOf(plan(cache, podInfo("p", { cpu: "1", priority: 100 }))), ["a", ["lower"]]);
  assert.deepEqual(victimsOf(plan(cache, podInfo("p", { cpu: "2", priority: 100 }))), ["a", ["low"]]);
});

void test("the node whose victims matter least is chosen", () => {
  const cache = cacheOf(
    [makeNode("a"), makeNode("b")],
    [makePod("v1", { node: "a", cpu: "4", priority: 5 }), makePod("v2", { node: "b", cpu: "4", priority: 3 })],
  );
  assert.deepEqual(victimsOf(plan(cache, podInfo("p", { cpu: "4", priority: 100 }))), ["b", ["v2"]]);
});

void test("a disruption budget is spared where another node does", () => {
  const cache = cacheOf(
    [makeNode("a"), makeNode("b")],
    [makePod("kept", { node: "a", cpu: "4", labels: { app: "db" } }), makePod("v", { node: "b", cpu: "4", priority: 5 })],
  );
  const budget: PodDisruptionBudget = {
    metadata: { namespace: "default", name: "db" },
    spec: { selector: { matchLabels: { app: "db" } } },
    status: { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 0 },
  };
  assert.deepEqual(victimsOf(plan(cache, podInfo("p", { cpu: "4", priority: 100 }), [budget])), ["b", ["v"]]);
});

void test("what stands in the way is told in upstream's words", () => {
  const cache = cacheOf(
    [makeNode("a", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }), makeNode("b"), makeNode("c")],
    [makePod("b1", { node: "b", cpu: "3" }), makePod("c1", { node: "c", cpu: "3" })],
  );
  const none = plan(cache, podInfo("p", { cpu: "2" }));
  assert.deepEqual(none, {
    type: "none",
    clear: true,
    message: "0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
  });
  const never = plan(cache, podInfo("q", { cpu: "2", priority: 9, spec: { preemptionPolicy: "Never" } }));
  assert.deepEqual(never, { type: "none", clear: false, message: "not eligible due to preemptionPolicy=Never." });
});

void test("a pod that waits for victims on their way out does not take more", () => {
  const going = makePod("v", {
    node: "a",
    cpu: "4",
    status: { conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }] },
  });
  going.metadata = { ...going.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  const waiting = podInfo("p", { cpu: "4", priority: 100, status: { nominatedNodeName: "a" } });
  const outcome = plan(cacheOf([makeNode("a")], [going]), waiting);
  assert.equal(outcome.type === "none" && outcome.message, "not eligible due to a terminating pod on the nominated node.");
});
