/** The status of a pod on a simulated node, as a kubelet would tell it. Pure. */
import { isSidecar } from "../../kinds/pod/containers.ts";
import type { Container, ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from "../../schema/types/core-v1.ts";
import { podConditions } from "../pod/conditions.ts";
import type { StageStatus } from "./stage.ts";

export interface SimulationInput {
  readonly pod: Pod;
  readonly next: StageStatus;
  readonly hostIP: string;
  /** The pod's addresses; empty when it has none yet. */
  readonly podIPs: readonly string[];
  /** RFC 3339. */
  readonly now: string;
}

const containerId = (pod: Pod, name: string): string => `simulated://${(pod.metadata?.uid ?? "").replaceAll("-", "")}-${name}`;

function status(pod: Pod, container: Container, state: ContainerState, ready: boolean, started: boolean): ContainerStatus {
  const ran = state.waiting === undefined;
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => ({
    name,
    mountPath,
    ...(readOnly === true ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
  }));
  return {
    name: container.name,
    state,
    lastState: {},
    ready,
    restartCount: 0,
    image: container.image ?? "",
    imageID: ran ? (container.image ?? "") : "",
    ...(ran ? { containerID: containerId(pod, container.name) } : {}),
    started,
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

const waiting = (reason: string): ContainerState => ({ waiting: { reason } });

function terminated(pod: Pod, container: Container, before: ContainerStatus | undefined, exitCode: number, now: string): ContainerState {
  const startedAt = before?.state?.running?.startedAt ?? now;
  return {
    terminated: {
      exitCode,
      reason: exitCode === 0 ? "Completed" : "Error",
      startedAt,
      finishedAt: now,
      containerID: containerId(pod, container.name),
    },
  };
}

const isOver = (next: StageStatus): boolean => next === "Succeeded" || next === "Failed";

/** Init containers that are through: of the status as it is, and one more while initializing. */
function finishedInits(pod: Pod, next: StageStatus): number {
  const inits = pod.spec?.initContainers ?? [];
  if (next === "Creating") return 0;
  if (next !== "Initializing") return inits.length;
  const done = inits.findIndex((c) => {
    const s = pod.status?.initContainerStatuses?.find((x) => x.name === c.name);
    return isSidecar(c) ? s?.started !== true : s?.state?.terminated === undefined;
  });
  return done < 0 ? inits.length : done + 1;
}

function initStatuses({ pod, next, now }: SimulationInput): ContainerStatus[] {
  const inits = pod.spec?.initContainers ?? [];
  const done = finishedInits(pod, next);
  return inits.map((container, i) => {
    const before = pod.status?.initContainerStatuses?.find((s) => s.name === container.name);
    if (before?.state?.terminated !== undefined) return before;
    if (i >= done) {
      const runs = i === done && next !== "Creating";
      return runs
        ? status(pod, container, { running: { startedAt: now } }, false, true)
        : status(pod, container, waiting("PodInitializing"), false, false);
    }
    if (isSidecar(container) && !isOver(next)) {
      return status(pod, container, { running: { startedAt: before?.state?.running?.startedAt ?? now } }, true, true);
    }
    return status(pod, container, terminated(pod, container, before, 0, now), !isSidecar(container), false);
  });
}

function regularStatuses({ pod, next, now }: SimulationInput): ContainerStatus[] {
  const inits = pod.spec?.initContainers ?? [];
  return (pod.spec?.containers ?? []).map((container) => {
    const before = pod.status?.containerStatuses?.find((s) => s.name === container.name);
    if (before?.state?.terminated !== undefined) return before;
    if (next === "Creating" || next === "Initializing") {
      return status(pod, container, waiting(inits.length > 0 ? "PodInitializing" : "ContainerCreating"), false, false);
    }
    if (isOver(next)) return status(pod, container, terminated(pod, container, before, next === "Failed" ? 1 : 0, now), false, false);
    const probed = container.readinessProbe !== undefined || container.startupProbe !== undefined;
    const startedAt = before?.state?.running?.startedAt ?? now;
    return status(
      pod,
      container,
      { running: { startedAt } },
      next === "Ready" || !probed,
      next === "Ready" || container.startupProbe === undefined,
    );
  });
}

const phases: Readonly<Record<StageStatus, string>> = {
  Creating: "Pending",
  Initializing: "Pending",
  Running: "Running",
  Ready: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
};

/** The whole status: what others wrote into it is kept. */
export function simulatedStatus(input: SimulationInput): PodStatus {
  const { pod, next, hostIP, now } = input;
  const old = pod.status ?? {};
  const init = initStatuses(input);
  const regular = regularStatuses(input);
  const phase = phases[next];
  const ips = input.podIPs.length > 0 ? input.podIPs : (old.podIPs ?? []).map((p) => p.ip);
  const [podIP] = ips;
  const generation = pod.metadata?.generation;
  const conditions = podConditions({
    pod,
    phase,
    statuses: [...init, ...regular],
    sandboxReady: next !== "Creating" && !isOver(next),
    old: old.conditions ?? [],
  });
  return {
    ...old,
    ...(generation === undefined || generation === 0 ? {} : { observedGeneration: generation }),
    phase,
    conditions: withTransitions(conditions, old.conditions ?? [], now),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: ips.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? now,
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: regular,
  };
}

function withTransitions(conditions: readonly PodCondition[], old: readonly PodCondition[], now: string): PodCondition[] {
  return conditions.map((condition) => {
    const before = old.find((c) => c.type === condition.type);
    return { ...condition, lastTransitionTime: before?.status === condition.status ? (before.lastTransitionTime ?? now) : now };
  });
}
