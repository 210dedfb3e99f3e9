import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { containerHash } from "./labels.ts";
import { planPod, type PodPlan, type ProbeVerdict } from "./plan.ts";
import type { PodRuntime, RuntimeContainer, RuntimeSandbox } from "./runtime.ts";

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "web:1", ...more });

function pod(spec: Partial<PodSpec>): Pod {
  return { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers: [container("a")], restartPolicy: "Always", ...spec } };
}

const sandbox: RuntimeSandbox = { id: "s0", attempt: 0, ready: true, createdAt: 1, network: "POD", ips: ["10.0.0.2"] };

function instance(of: Container, state: RuntimeContainer["state"], exitCode = 0, createdAt = 2): RuntimeContainer {
  return {
    id: `${of.name}-${createdAt}`,
    name: of.name,
    sandboxId: "s0",
    state,
    createdAt,
    startedAt: createdAt,
    finishedAt: state === "exited" ? createdAt + 1 : 0,
    exitCode,
    reason: "",
    message: "",
    image: of.image ?? "",
    imageRef: "",
    logPath: "",
    mounts: [],
    record: {
      podName: "p",
      podNamespace: "n",
      podUid: "u",
      hash: containerHash(of),
      restartCount: 0,
      terminationMessagePath: "",
      terminationMessagePolicy: "",
      gracePeriod: undefined,
      preStop: undefined,
    },
    user: undefined,
    resources: undefined,
  };
}

const runtime = (...containers: RuntimeContainer[]): PodRuntime => ({ sandboxes: [sandbox], containers });

function plan(p: Pod, r: PodRuntime, verdicts: { liveness?: ProbeVerdict; startup?: ProbeVerdict } = {}): PodPlan {
  return planPod(p, r, { liveness: () => verdicts.liveness, startup: () => verdicts.startup });
}

describe("the pod plan", () => {
  it("begins with a sandbox and all containers", () => {
    const p = plan(pod({ containers: [container("a"), container("b")] }), { sandboxes: [], containers: [] });
    assert.deepEqual([p.createSandbox, p.attempt, p.containers], [true, 0, [0, 1]]);
  });

  it("begins with the first init container where there are some", () => {
    const p = plan(pod({ initContainers: [container("i"), container("j")] }), { sandboxes: [], containers: [] });
    assert.deepEqual([p.initContainers, p.containers], [[0], []]);
  });

  it("goes on to the next init container, then to the regular ones", () => {
    const spec = { initContainers: [container("i"), container("j")] };
    assert.deepEqual(plan(pod(spec), runtime(instance(container("i"), "running"))).initContainers, []);
    assert.deepEqual(plan(pod(spec), runtime(instance(container("i"), "exited"))).initContainers, [1]);
    const done = plan(pod(spec), runtime(instance(container("j"), "exited"), instance(container("i"), "exited")));
    assert.deepEqual([done.initContainers, done.containers], [[], [0]]);
  });

  it("repeats an init container that failed, and ends the pod when it must not restart", () => {
    const failed = runtime(instance(container("i"), "exited", 1));
    assert.deepEqual(plan(pod({ initContainers: [container("i")] }), failed).initContainers, [0]);
    const never = plan(pod({ initContainers: [container("i")], restartPolicy: "Never" }), failed);
    assert.deepEqual([never.killPod, never.createSandbox, never.initContainers], [true, false, []]);
  });

  it("starts what follows a sidecar once it runs, and restarts a sidecar that ended", () => {
    const side = container("side", { restartPolicy: "Always" });
    const spec = { initContainers: [side, container("i")] };
    assert.deepEqual(plan(pod(spec), runtime(instance(side, "running"))).initContainers, [1]);
    const all = plan(
      pod(spec),
      runtime(instance(side, "exited", 1), instance(container("i"), "exited"), instance(container("a"), "running")),
    );
    assert.deepEqual([all.initContainers, all.containers, all.killPod], [[0], [], false]);
  });

  it("waits for a sidecar's startup probe", () => {
    const side = container("side", { restartPolicy: "Always", startupProbe: {} });
    const spec = { initContainers: [side] };
    assert.deepEqual(plan(pod(spec), runtime(instance(side, "running"))).containers, []);
    assert.deepEqual(plan(pod(spec), runtime(instance(side, "running")), { startup: "success" }).containers, [0]);
    assert.equal(plan(pod(spec), runtime(instance(side, "running")), { startup: "failure" }).kills.length, 1);
  });

  it("restarts by policy and exit code", () => {
    const ended = (code: number): PodRuntime => runtime(instance(container("a"), "exited", code));
    assert.deepEqual(plan(pod({}), ended(0)).containers, [0]);
    assert.deepEqual(plan(pod({ restartPolicy: "OnFailure" }), ended(1)).containers, [0]);
    assert.deepEqual(plan(pod({ restartPolicy: "OnFailure" }), ended(0)).containers, []);
    assert.equal(plan(pod({ restartPolicy: "Never" }), ended(1)).killPod, true);
  });

  it("kills and restarts a container whose liveness probe fails", () => {
    const p = plan(pod({}), runtime(instance(container("a"), "running")), { liveness: "failure" });
    assert.equal(p.kills[0]?.message, "Container a failed liveness probe, will be restarted");
    assert.deepEqual(p.containers, [0]);
    const never = plan(pod({ restartPolicy: "Never" }), runtime(instance(container("a"), "running")), { liveness: "failure" });
    assert.deepEqual([never.kills[0]?.message, never.killPod], ["Container a failed liveness probe", true]);
  });

  it("kills and restarts a container whose image was changed", () => {
    const p = plan(pod({ containers: [container("a", { image: "web:2" })] }), runtime(instance(container("a"), "running")));
    assert.equal(p.kills[0]?.message, "Container a definition changed, will be restarted");
  });

  it("makes a new sandbox when the old one is gone, but not for a pod that is done", () => {
    const lost: PodRuntime = { sandboxes: [{ ...sandbox, ready: false }], containers: [instance(container("a"), "exited", 0)] };
    const again = plan(pod({}), lost);
    assert.deepEqual([again.createSandbox, again.attempt, again.containers], [true, 1, [0]]);
    assert.equal(plan(pod({ restartPolicy: "OnFailure" }), lost).createSandbox, false);
    assert.equal(plan(pod({ restartPolicy: "Never" }), lost).createSandbox, false);
  });

  it("starts every container anew when a rule says so", () => {
    const source = container("a", {
      restartPolicy: "Never",
      restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } }],
    });
    const p = plan(
      pod({ containers: [source, container("b")] }),
      runtime(instance(source, "exited", 42), instance(container("b"), "running")),
    );
    assert.deepEqual(
      p.resets.map((c) => c.name),
      ["b", "a"],
    );
  });

  it("starts an ephemeral container once", () => {
    const spec = { ephemeralContainers: [{ name: "debug", image: "sh" }] };
    const running = instance(container("a"), "running");
    assert.deepEqual(plan(pod(spec), runtime(running)).ephemeralContainers, [0]);
    assert.deepEqual(plan(pod(spec), runtime(running, instance({ name: "debug", image: "sh" }, "exited"))).ephemeralContainers, []);
  });
});
