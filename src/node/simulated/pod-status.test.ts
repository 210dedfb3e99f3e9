import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodStatus } from "../../schema/types/core-v1.ts";
import { AddressPool } from "./address-pool.ts";
import { simulatedStatus } from "./pod-status.ts";
import type { StageStatus } from "./stage.ts";

const now = "2026-01-01T00:00:10Z";
const base: Pod = {
  metadata: { name: "a", uid: "u-1", generation: 1 },
  spec: { containers: [{ name: "c", image: "i" }] },
  status: {
    phase: "Pending",
    qosClass: "BestEffort",
    conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
  },
};

const step = (pod: Pod, next: StageStatus, podIPs: string[] = []): PodStatus =>
  simulatedStatus({ pod, next, hostIP: "198.18.0.1", podIPs, now });
const conditions = (status: PodStatus): string[] => (status.conditions ?? []).map((c) => `${c.type}=${c.status} ${c.reason ?? ""}`.trim());

test("a bound pod waits for its containers, with the kubelet's conditions in the kubelet's order", () => {
  const status = step(base, "Creating");
  assert.deepEqual(conditions(status), [
    "PodReadyToStartContainers=False",
    "Initialized=True",
    "Ready=False ContainersNotReady",
    "ContainersReady=False ContainersNotReady",
    "PodScheduled=True",
  ]);
  assert.equal(status.conditions?.at(-1)?.lastTransitionTime, "2026-01-01T00:00:00Z");
  assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: "ContainerCreating" } });
  assert.equal(status.hostIP, "198.18.0.1");
  assert.equal(status.podIP, undefined);
  assert.equal(status.qosClass, "BestEffort");
});

test("a running pod has an address and is ready, unless a probe has yet to say so", () => {
  const status = step(base, "Running", ["10.0.0.2"]);
  assert.equal(status.phase, "Running");
  assert.equal(status.podIP, "10.0.0.2");
  assert.ok(conditions(status).includes("Ready=True"));
  const probed = { ...base, spec: { containers: [{ name: "c", readinessProbe: {} }] } };
  const unready = step(probed, "Running", ["10.0.0.2"]);
  assert.ok(conditions(unready).includes("Ready=False ContainersNotReady"));
  assert.ok(conditions(step({ ...probed, status: unready }, "Ready")).includes("Ready=True"));
});

test("init containers finish one by one, sidecars stay", () => {
  const pod: Pod = {
    ...base,
    spec: { containers: [{ name: "c" }], initContainers: [{ name: "one" }, { name: "side", restartPolicy: "Always" }, { name: "two" }] },
  };
  const states = (s: PodStatus): string[] => (s.initContainerStatuses ?? []).map((c) => Object.keys(c.state ?? {})[0] ?? "");
  const creating = step(pod, "Creating");
  assert.deepEqual(states(creating), ["waiting", "waiting", "waiting"]);
  const first = step({ ...pod, status: creating }, "Initializing");
  assert.deepEqual(states(first), ["terminated", "running", "waiting"]);
  const last = step({ ...pod, status: first }, "Initializing");
  assert.deepEqual(states(last), ["terminated", "running", "terminated"]);
  assert.ok(conditions(last).includes("Initialized=True"));
  const running = step({ ...pod, status: last }, "Running", ["10.0.0.2"]);
  assert.deepEqual(states(running), ["terminated", "running", "terminated"]);
});

test("a pod that ends keeps its address and says when it ran", () => {
  const running = step(base, "Running", ["10.0.0.2"]);
  const done = step({ ...base, status: running }, "Succeeded");
  assert.equal(done.podIP, "10.0.0.2");
  assert.equal(done.containerStatuses?.[0]?.state?.terminated?.reason, "Completed");
  assert.equal(done.containerStatuses[0].state.terminated.startedAt, now);
  assert.ok(conditions(done).includes("Ready=False PodCompleted"));
});

test("a readiness gate that is open keeps a pod from being ready", () => {
  const pod: Pod = { ...base, spec: { containers: [{ name: "c" }], readinessGates: [{ conditionType: "example.com/gate" }] } };
  assert.ok(conditions(step(pod, "Running", ["10.0.0.2"])).includes("Ready=False ReadinessGatesNotReady"));
});

test("addresses are taken in turn, from the second on, and never twice", () => {
  const pool = new AddressPool("10.244.3.0/29");
  pool.mark("10.244.3.3");
  assert.deepEqual(
    [pool.take(), pool.take(), pool.take(), pool.take(), pool.take()],
    ["10.244.3.2", "10.244.3.4", "10.244.3.5", "10.244.3.6", undefined],
  );
  pool.release("10.244.3.4");
  assert.equal(pool.take(), "10.244.3.4");
  assert.throws(() => new AddressPool("fd00::/64"), /no IPv4 range/);
});
