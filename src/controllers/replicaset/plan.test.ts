import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../schema/types/core-v1.ts";
import { compareForDeletion, deletionCost } from "./deletion-rank.ts";
import { nextAvailability, planReplicas, podFromTemplate, replicaStatus, sameStatus, type ReplicaOwner } from "./plan.ts";

const now = Date.UTC(2026, 0, 1, 1);
const at = (secondsAgo: number) => `${new Date(now - secondsAgo * 1000).toISOString().slice(0, 19)}Z`;

function pod(
  name: string,
  options: { node?: string; phase?: string; readyFor?: number; cost?: string; age?: number; restarts?: number } = {},
): Pod {
  const { node, phase = "Running", readyFor, cost, age = 3600, restarts = 0 } = options;
  return {
    metadata: {
      name,
      uid: name,
      labels: { app: "a" },
      creationTimestamp: at(age),
      ...(cost === undefined ? {} : { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } }),
    },
    spec: { containers: [{ name: "c" }], ...(node === undefined ? {} : { nodeName: node }) },
    status: {
      phase,
      containerStatuses: [{ name: "c", image: "i", imageID: "", ready: true, restartCount: restarts }],
      ...(readyFor === undefined ? {} : { conditions: [{ type: "Ready", status: "True", lastTransitionTime: at(readyFor) }] }),
    },
  };
}

const owner = (replicas: number, extra: Partial<NonNullable<ReplicaOwner["spec"]>> = {}): ReplicaOwner => ({
  metadata: { name: "web", namespace: "ns", uid: "u", generation: 2 },
  spec: { replicas, template: { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c" }] } }, ...extra },
});

const order = (pods: Pod[], siblings = new Map<string, number>()) =>
  [...pods].sort((a, b) => compareForDeletion(a, b, siblings, now)).map((p) => p.metadata?.name);

test("missing pods are created, at most five hundred at a time", () => {
  assert.deepEqual(
    planReplicas(owner(3), [pod("a")], () => [], now),
    { create: 2, remove: [] },
  );
  assert.equal(planReplicas(owner(2000), [], () => [], now).create, 500);
});

test("surplus pods are deleted, unassigned, pending and unready ones first", () => {
  const pods = [
    pod("ready", { node: "n", readyFor: 600 }),
    pod("unready", { node: "n" }),
    pod("pending", { node: "n", phase: "Pending" }),
    pod("unassigned", { phase: "Pending" }),
  ];
  assert.deepEqual(order(pods), ["unassigned", "pending", "unready", "ready"]);
  assert.deepEqual(
    planReplicas(owner(2), pods, () => pods, now).remove.map((p) => p.metadata?.name),
    ["unassigned", "pending"],
  );
});

test("a lower deletion cost goes first, whatever the age", () => {
  assert.deepEqual(order([pod("dear", { node: "n", readyFor: 1, cost: "10" }), pod("cheap", { node: "n", readyFor: 3000, cost: "-1" })]), [
    "cheap",
    "dear",
  ]);
  assert.equal(deletionCost(pod("x", { cost: "+5" })), 0);
  assert.equal(deletionCost(pod("x", { cost: "05" })), 0);
  assert.equal(deletionCost(pod("x", { cost: "9999999999" })), 0);
  assert.equal(deletionCost(pod("x", { cost: "-7" })), -7);
});

test("pods are thinned out where most siblings run", () => {
  const pods = [pod("lonely", { node: "a", readyFor: 5 }), pod("crowded", { node: "b", readyFor: 5000 })];
  assert.deepEqual(
    order(
      pods,
      new Map([
        ["a", 1],
        ["b", 4],
      ]),
    ),
    ["crowded", "lonely"],
  );
});

test("the younger goes first, on a logarithmic scale; then the uid decides", () => {
  assert.deepEqual(order([pod("old", { node: "n", readyFor: 3000 }), pod("young", { node: "n", readyFor: 10 })]), ["young", "old"]);
  assert.deepEqual(order([pod("b", { node: "n", readyFor: 600 }), pod("a", { node: "n", readyFor: 601 })]), ["a", "b"]);
  assert.deepEqual(order([pod("calm", { node: "n" }), pod("crashing", { node: "n", restarts: 3 })]), ["crashing", "calm"]);
});

test("the status counts what is labelled, ready and available, zeros absent as Go writes them", () => {
  const set = owner(3, { minReadySeconds: 60 });
  const status = replicaStatus({
    owner: set,
    active: [pod("a", { readyFor: 120 }), pod("b", { readyFor: 10 }), pod("c")],
    terminating: 0,
    failure: undefined,
    now,
  });
  assert.deepEqual(status, {
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 2,
    availableReplicas: 1,
    terminatingReplicas: 0,
    observedGeneration: 2,
  });
  assert.equal(nextAvailability(set, [pod("b", { readyFor: 10 })], status, now), 50_000);
  assert.deepEqual(replicaStatus({ owner: owner(0), active: [], terminating: undefined, failure: undefined, now }), {
    replicas: 0,
    observedGeneration: 2,
  });
});

test("a failure becomes a condition, which goes with the failure", () => {
  const failed = replicaStatus({ owner: owner(1), active: [], terminating: 0, failure: "no quota", now });
  assert.deepEqual(failed.conditions, [
    { type: "ReplicaFailure", status: "True", lastTransitionTime: at(0), reason: "FailedCreate", message: "no quota" },
  ]);
  const again = replicaStatus({ owner: { ...owner(1), status: failed }, active: [], terminating: 0, failure: "other", now: now + 1e6 });
  assert.ok(sameStatus(failed, again));
  assert.equal(
    replicaStatus({ owner: { ...owner(1), status: failed }, active: [], terminating: 0, failure: undefined, now }).conditions,
    undefined,
  );
});

test("a pod carries the template's labels and a reference to its set", () => {
  const ref = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u", controller: true, blockOwnerDeletion: true };
  assert.deepEqual(podFromTemplate(owner(1), ref), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "web-", labels: { app: "a" }, ownerReferences: [ref] },
    spec: { containers: [{ name: "c" }] },
  });
});
