import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pod, PodStatus } from "../../schema/types/core-v1.ts";
import { podPhase } from "./phase.ts";
import { goDuration } from "./durations.ts";
import { endedStatus, podStatus, type PodStatusInput } from "./status.ts";
import { sameValue, statusPatch } from "./status-patch.ts";
import { emptyRuntime, type PodRuntime, type RuntimeContainer } from "./runtime.ts";

const pod: Pod = {
  metadata: { name: "p", namespace: "n", uid: "u", generation: 3 },
  spec: { containers: [{ name: "a", image: "web" }], restartPolicy: "Always" },
  status: { qosClass: "BestEffort" },
};

const base: PodStatusInput = {
  pod,
  runtime: emptyRuntime,
  old: {},
  failures: new Map(),
  probes: { startup: () => undefined, readiness: () => undefined },
  hostIPs: ["192.0.2.1"],
  ended: false,
  now: "2026-01-01T00:00:00Z",
};

const running: RuntimeContainer = {
  id: "c1",
  name: "a",
  sandboxId: "s",
  state: "running",
  createdAt: 1000,
  startedAt: 2000,
  finishedAt: 0,
  exitCode: 0,
  reason: "",
  message: "",
  image: "docker.io/library/web:latest",
  imageRef: "docker.io/library/web@sha256:abc",
  logPath: "",
  mounts: [],
  record: {
    podName: "p",
    podNamespace: "n",
    podUid: "u",
    hash: "",
    restartCount: 0,
    terminationMessagePath: "",
    terminationMessagePolicy: "",
    gracePeriod: undefined,
    preStop: undefined,
  },
  user: undefined,
  resources: undefined,
};

const alive = (...containers: RuntimeContainer[]): PodRuntime => ({
  sandboxes: [{ id: "s", attempt: 0, ready: true, createdAt: 1, network: "POD", ips: ["10.0.0.2"] }],
  containers,
});

const condition = (status: PodStatus, type: string): string | undefined => status.conditions?.find((c) => c.type === type)?.status;

describe("the status of a pod", () => {
  it("is pending while nothing runs, with its containers being created", () => {
    const status = podStatus(base);
    assert.equal(status.phase, "Pending");
    assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: "ContainerCreating" } });
    assert.equal(condition(status, "PodReadyToStartContainers"), "False");
    assert.equal(status.conditions?.find((c) => c.type === "Ready")?.message, "containers with unready status: [a]");
    assert.equal(status.startTime, "2026-01-01T00:00:00Z");
  });

  it("is running and ready when its container runs and nothing probes it", () => {
    const status = podStatus({ ...base, runtime: alive(running) });
    assert.equal(status.phase, "Running");
    assert.equal(status.podIP, "10.0.0.2");
    assert.equal(condition(status, "Ready"), "True");
    assert.deepEqual(
      status.conditions?.map((c) => c.observedGeneration),
      [3, 3, 3, 3, 3],
    );
    const [own] = status.containerStatuses ?? [];
    assert.equal(own?.containerID, "containerd://c1");
    assert.equal(own?.started, true);
    assert.deepEqual(own?.state, { running: { startedAt: "1970-01-01T00:00:02Z" } });
  });

  it("is not ready until the readiness probe says so", () => {
    const unsure = podStatus({ ...base, runtime: alive(running), probes: { startup: () => undefined, readiness: () => "failure" } });
    assert.equal(condition(unsure, "ContainersReady"), "False");
    const starting = podStatus({ ...base, runtime: alive(running), probes: { startup: () => "unknown", readiness: () => "success" } });
    assert.equal(starting.containerStatuses?.[0]?.started, false);
  });

  it("shows a container in back-off as waiting, with how it ended last", () => {
    const exited: RuntimeContainer = { ...running, state: "exited", exitCode: 1, finishedAt: 3000, reason: "Error" };
    const failures = new Map([["a", { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=a pod=p_n(u)" }]]);
    const status = podStatus({ ...base, runtime: alive(exited), failures });
    assert.equal(status.phase, "Running");
    assert.equal(status.containerStatuses?.[0]?.state?.waiting?.reason, "CrashLoopBackOff");
    assert.equal(status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 1);
  });

  it("goes on while a rule restarts all its containers, though none of them may be restarted alone", () => {
    const rule = { action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } };
    const asking = { name: "b", image: "web", restartPolicy: "Never", restartPolicyRules: [rule] };
    const batch: Pod = { ...pod, spec: { containers: [{ name: "a", image: "web" }, asking], restartPolicy: "Never" } };
    const ended: RuntimeContainer = { ...running, id: "c2", name: "b", state: "exited", exitCode: 42, reason: "Error" };
    const before = podStatus({ ...base, pod: batch, runtime: alive(running, { ...ended, state: "running" }) });
    assert.equal(condition(before, "AllContainersRestarting"), "False");
    const asked = podStatus({ ...base, pod: batch, old: before, runtime: alive(running, ended) });
    assert.equal(condition(asked, "AllContainersRestarting"), "True");
    const removed = podStatus({ ...base, pod: batch, old: asked, runtime: alive() });
    assert.equal(removed.phase, "Running");
    assert.equal(condition(removed, "AllContainersRestarting"), "False");
    assert.deepEqual(
      removed.containerStatuses?.map((c) => [c.state?.waiting?.reason, c.lastState?.terminated?.exitCode, c.restartCount]),
      [
        ["RestartingAllContainers", 137, 1],
        ["RestartingAllContainers", 137, 1],
      ],
    );
    const again = podStatus({ ...base, pod: batch, old: removed, runtime: alive({ ...running, id: "c3" }) });
    assert.equal(again.phase, "Running");
    assert.equal(again.containerStatuses?.[0]?.restartCount, 1);
  });

  it("waits for readiness gates of others", () => {
    const gated: Pod = {
      ...pod,
      spec: { ...pod.spec, containers: pod.spec?.containers ?? [], readinessGates: [{ conditionType: "x/y" }] },
    };
    const status = podStatus({ ...base, pod: gated, runtime: alive(running) });
    assert.equal(condition(status, "ContainersReady"), "True");
    assert.equal(status.conditions?.find((c) => c.type === "Ready")?.reason, "ReadinessGatesNotReady");
  });

  it("never leaves a terminal phase, and fails what was lost", () => {
    const done = podStatus({ ...base, pod: { ...pod, status: { phase: "Succeeded" } }, runtime: alive(running) });
    assert.equal(done.phase, "Succeeded");
    const lost = endedStatus(podStatus({ ...base, ended: true }));
    assert.equal(lost.phase, "Failed");
    assert.equal(lost.containerStatuses?.[0]?.state?.terminated?.exitCode, 137);
    assert.equal(lost.conditions?.find((c) => c.type === "Ready")?.reason, "PodFailed");
  });
});

describe("the phase of a pod", () => {
  const ended = (name: string, exitCode: number) => ({
    name,
    image: "",
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode } },
  });

  it("follows the restart policy once all containers have ended", () => {
    const spec = (restartPolicy: string) => ({ containers: [{ name: "a" }, { name: "b" }], restartPolicy });
    assert.equal(podPhase(spec("Always"), [ended("a", 0), ended("b", 0)], false, true), "Running");
    assert.equal(podPhase(spec("OnFailure"), [ended("a", 0), ended("b", 0)], false, true), "Succeeded");
    assert.equal(podPhase(spec("OnFailure"), [ended("a", 0), ended("b", 1)], false, true), "Running");
    assert.equal(podPhase(spec("Never"), [ended("a", 0), ended("b", 1)], false, true), "Failed");
    assert.equal(podPhase(spec("Always"), [ended("a", 0), ended("b", 0)], true, true), "Succeeded");
  });

  it("is failed when an init container failed for good", () => {
    const spec = { initContainers: [{ name: "i" }], containers: [{ name: "a" }], restartPolicy: "Never" };
    assert.equal(podPhase(spec, [ended("i", 1)], false, false), "Failed");
  });
});

describe("the patch of a status", () => {
  it("holds only what differs, and says what is gone", () => {
    const from: PodStatus = { phase: "Pending", reason: "x", podIPs: [{ ip: "1.1.1.1" }], nominatedNodeName: "other" };
    const to: PodStatus = { phase: "Running", podIPs: [{ ip: "2.2.2.2" }] };
    assert.deepEqual(statusPatch(from, to), { phase: "Running", reason: null, podIPs: [{ ip: "2.2.2.2" }, { $patch: "replace" }] });
  });

  it("merges conditions by type and clears their messages", () => {
    const patch = statusPatch(
      {
        conditions: [
          { type: "Ready", status: "False", message: "no" },
          { type: "Same", status: "True" },
        ],
      },
      {
        conditions: [
          { type: "Ready", status: "True" },
          { type: "Same", status: "True" },
        ],
      },
    );
    assert.deepEqual(patch, { conditions: [{ type: "Ready", status: "True", message: null }] });
    const gate = (status: string): PodStatus => ({ conditions: [{ type: "x/gate", status }] });
    assert.deepEqual(statusPatch(gate("False"), gate("True")), {}, "conditions of others are theirs");
  });

  it("takes null and absent for the same", () => {
    assert.ok(sameValue({ a: null, b: [1] }, { b: [1], c: undefined }));
    assert.ok(!sameValue({ a: 1 }, { a: 2 }));
  });
});

it("durations read as Go prints them", () => {
  assert.deepEqual([10_000, 80_000, 300_000, 1500, 250, 0].map(goDuration), ["10s", "1m20s", "5m0s", "1.5s", "250ms", "0s"]);
});
