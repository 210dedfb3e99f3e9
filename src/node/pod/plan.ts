/**
 * The pod state machine: from what a pod should be and what the runtime holds to what is to be done next. Pure; asked again
 * after every change, until it has nothing more to say. Deletion is not its business (see `termination.ts`).
 */
import { isSidecar } from "../../kinds/pod/containers.ts";
import type { Container, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { containerHash } from "./labels.ts";
import { shouldRestart } from "../../kinds/pod/restart.ts";
import { asksForAll } from "./restart-all.ts";
import { restartsOnProbeFailure, shouldStart } from "./restart-policy.ts";
import { findRuntimeContainer, type PodRuntime, type RuntimeContainer } from "./runtime.ts";

export type ProbeVerdict = "success" | "failure" | "unknown";

/** Latest probe results by container id; undefined while there is none. */
export interface ProbeVerdicts {
  liveness(containerId: string): ProbeVerdict | undefined;
  startup(containerId: string): ProbeVerdict | undefined;
}

export type KillReason = "liveness" | "startup" | "unknown" | "";

export interface ContainerKill {
  readonly id: string;
  readonly container: Container;
  /** The event's text. */
  readonly message: string;
  readonly reason: KillReason;
}

export interface PodPlan {
  /** Nothing of the pod is to run any more: stop what runs, and the sandbox. */
  killPod: boolean;
  createSandbox: boolean;
  sandboxId: string | undefined;
  /** Of the sandbox. */
  attempt: number;
  /** Indexes into the spec's lists, in the order to start. */
  initContainers: number[];
  containers: number[];
  ephemeralContainers: number[];
  kills: ContainerKill[];
  /** Every container starts anew (a rule's RestartAllContainers): those to remove, the one that asked last. */
  resets: RuntimeContainer[];
}

export interface SandboxVerdict {
  needsNew: boolean;
  attempt: number;
  id: string | undefined;
}

/** Whether the newest sandbox can be used. */
export function judgeSandbox(pod: Pod, runtime: PodRuntime): SandboxVerdict {
  const [latest] = runtime.sandboxes;
  if (latest === undefined) return { needsNew: true, attempt: 0, id: undefined };
  const next = { needsNew: true, attempt: latest.attempt + 1, id: latest.id };
  const ready = runtime.sandboxes.filter((s) => s.ready).length;
  if (ready > 1 || !latest.ready) return next;
  const hostNetwork = pod.spec?.hostNetwork === true;
  if ((latest.network === "NODE") !== hostNetwork) return { ...next, id: undefined };
  if (!hostNetwork && latest.ips.length === 0) return next;
  return { needsNew: false, attempt: latest.attempt, id: latest.id };
}

/** The next steps. */
export function planPod(pod: Pod, runtime: PodRuntime, probes: ProbeVerdicts): PodPlan {
  const spec = pod.spec as PodSpec;
  const sandbox = judgeSandbox(pod, runtime);
  const plan: PodPlan = {
    killPod: sandbox.needsNew,
    createSandbox: sandbox.needsNew,
    sandboxId: sandbox.id,
    attempt: sandbox.attempt,
    initContainers: [],
    containers: [],
    ephemeralContainers: [],
    kills: [],
    resets: [],
  };
  if (sandbox.needsNew) return planNewSandbox(pod, spec, runtime, plan);
  plan.resets = planReset(spec, runtime);
  if (plan.resets.length > 0) return plan;
  spec.ephemeralContainers?.forEach((c, i) => {
    if (findRuntimeContainer(runtime, c.name) === undefined) plan.ephemeralContainers.push(i);
  });
  const initialized = planInitContainers(spec, pod, runtime, probes, plan);
  if (plan.killPod || !initialized) return plan;
  const kept = planContainers(spec, pod, runtime, probes, plan);
  if (kept === 0 && plan.containers.length === 0) {
    plan.killPod = true;
    // Sidecars must not keep a pod alive whose work is done.
    plan.initContainers = [];
  }
  return plan;
}

function planNewSandbox(pod: Pod, spec: PodSpec, runtime: PodRuntime, plan: PodPlan): PodPlan {
  if (spec.restartPolicy === "Never" && plan.attempt !== 0 && runtime.containers.length > 0) {
    plan.createSandbox = false;
    return plan;
  }
  const toStart = spec.containers.flatMap((container, index) => {
    const once = (container.restartPolicy ?? spec.restartPolicy) === "OnFailure";
    return once && succeeded(container, runtime) ? [] : [index];
  });
  if (toStart.length === 0 && spec.containers.some((c) => findRuntimeContainer(runtime, c.name) !== undefined)) {
    plan.createSandbox = false;
    return plan;
  }
  // A new sandbox begins from the start, with the first init container.
  if (spec.initContainers?.length) plan.initContainers = [0];
  else plan.containers = toStart;
  return plan;
}

function succeeded(container: Container, runtime: PodRuntime): boolean {
  const latest = findRuntimeContainer(runtime, container.name);
  return latest?.state === "exited" && latest.exitCode === 0;
}

/** Containers to remove when one ended with a rule that restarts all. Newest instances only decide; every instance goes. */
function planReset(spec: PodSpec, runtime: PodRuntime): RuntimeContainer[] {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const source = all.some((container) => {
    const latest = findRuntimeContainer(runtime, container.name);
    return latest !== undefined && asksForAll(container, latest);
  });
  if (!source) return [];
  const first: RuntimeContainer[] = [];
  const last: RuntimeContainer[] = [];
  for (const container of all.reverse()) {
    for (const c of runtime.containers) if (c.name === container.name) (asksForAll(container, c) ? last : first).push(c);
  }
  return [...first, ...last];
}

/** Adds what init containers and sidecars need; true when the regular containers may run. */
function planInitContainers(spec: PodSpec, pod: Pod, runtime: PodRuntime, probes: ProbeVerdicts, plan: PodPlan): boolean {
  const list = spec.initContainers ?? [];
  if (list.length === 0) return true;
  let podInitialized = spec.containers.some((c) => {
    const state = findRuntimeContainer(runtime, c.name)?.state;
    return state === "created" || state === "running";
  });
  // From the last one backwards: those that ended well may have been removed from the runtime, the last one decides.
  let later = podInitialized;
  for (let i = list.length - 1; i >= 0; i--) {
    const container = list[i] as Container;
    const sidecar = isSidecar(container);
    const latest = findRuntimeContainer(runtime, container.name);
    if (latest === undefined) {
      if (later && sidecar) plan.initContainers.push(i);
      continue;
    }
    if (later && !sidecar) continue;
    const verdict = planInitContainer(container, latest, spec, probes, plan, i);
    if (verdict === "failed") {
      plan.killPod = true;
      plan.initContainers = [];
      return false;
    }
    if (verdict === "done") {
      if (i === list.length - 1) podInitialized = true;
      else if (!later) plan.initContainers.push(i + 1);
    }
    later = true;
  }
  if (!later) plan.initContainers.push(0);
  plan.initContainers.sort((a, b) => a - b);
  return podInitialized;
}

/** One that has been created: `done` lets the next one start, `failed` ends the pod. */
function planInitContainer(
  container: Container,
  latest: RuntimeContainer,
  spec: PodSpec,
  probes: ProbeVerdicts,
  plan: PodPlan,
  index: number,
): "done" | "waits" | "failed" {
  const sidecar = isSidecar(container);
  switch (latest.state) {
    case "created":
      plan.initContainers.push(index);
      return "waits";
    case "running":
      return sidecar ? planRunningSidecar(container, latest, probes, plan, index) : "waits";
    case "exited":
      if (sidecar) {
        plan.initContainers.push(index);
        return "waits";
      }
      if (latest.exitCode === 0) return "done";
      if (!shouldRestart(container, spec, latest.exitCode)) return "failed";
      plan.initContainers.push(index);
      return "waits";
    case "unknown":
      if (!sidecar && !restartsOnProbeFailure(container, spec)) return "failed";
      plan.kills.push({
        id: latest.id,
        container,
        message: `Init container is in "unknown" state, try killing it before restart`,
        reason: "unknown",
      });
      plan.initContainers.push(index);
      return "waits";
  }
}

function planRunningSidecar(
  container: Container,
  latest: RuntimeContainer,
  probes: ProbeVerdicts,
  plan: PodPlan,
  index: number,
): "done" | "waits" {
  const restart = (message: string, reason: KillReason): void => {
    plan.kills.push({ id: latest.id, container, message, reason });
    plan.initContainers.push(index);
  };
  if (container.startupProbe !== undefined) {
    const startup = probes.startup(latest.id);
    if (startup === "failure") restart(`Init container ${container.name} failed startup probe`, "startup");
    if (startup !== "success") return "waits";
  }
  if (latest.record.hash !== containerHash(container)) restart(`Init container ${container.name} definition changed`, "");
  else if (container.livenessProbe !== undefined && probes.liveness(latest.id) === "failure") {
    restart(`Init container ${container.name} failed liveness probe`, "liveness");
  }
  return "done";
}

/** Adds what the regular containers need; the number of those that go on running. */
function planContainers(spec: PodSpec, pod: Pod, runtime: PodRuntime, probes: ProbeVerdicts, plan: PodPlan): number {
  let kept = 0;
  spec.containers.forEach((container, index) => {
    const latest = findRuntimeContainer(runtime, container.name);
    if (latest?.state !== "running") {
      if (!shouldStart(container, pod, runtime)) return;
      plan.containers.push(index);
      if (latest?.state === "unknown") {
        const message = `Container is in "unknown" state, try killing it before restart`;
        plan.kills.push({ id: latest.id, container, message, reason: "unknown" });
      }
      return;
    }
    let restart = restartsOnProbeFailure(container, spec);
    let message: string;
    let reason: KillReason = "";
    if (latest.record.hash !== containerHash(container)) {
      message = `Container ${container.name} definition changed`;
      restart = true;
    } else if (probes.liveness(latest.id) === "failure") {
      message = `Container ${container.name} failed liveness probe`;
      reason = "liveness";
    } else if (probes.startup(latest.id) === "failure") {
      message = `Container ${container.name} failed startup probe`;
      reason = "startup";
    } else {
      kept++;
      return;
    }
    if (restart) {
      message += ", will be restarted";
      plan.containers.push(index);
    }
    plan.kills.push({ id: latest.id, container, message, reason });
  });
  return kept;
}
