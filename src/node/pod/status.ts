/** The whole `status` of a pod, from what the runtime holds and what the probes found. Pure. */
import { isSidecar } from "../../kinds/pod/containers.ts";
import { podLimits, podRequests } from "../../kinds/pod/resources.ts";
import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  ResourceRequirements,
} from "../../schema/types/core-v1.ts";
import { podConditions } from "./conditions.ts";
import { containerStatuses, type StartFailure } from "./container-statuses.ts";
import { podPhase, type PodPhase } from "./phase.ts";
import { judgeSandbox, type ProbeVerdict } from "./plan.ts";
import { restartCondition } from "./restart-all.ts";
import { findRuntimeContainer, type PodRuntime } from "./runtime.ts";

/** What the probes of a container say; undefined: there is no such probe, `unknown`: it has not decided yet. */
export interface ProbeState {
  startup(container: string, containerId: string): ProbeVerdict | undefined;
  readiness(container: string, containerId: string): ProbeVerdict | undefined;
}

export interface PodStatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  /** The status told last. */
  readonly old: PodStatus;
  readonly failures: ReadonlyMap<string, StartFailure>;
  readonly probes: ProbeState;
  readonly hostIPs: readonly string[];
  /** Nothing of the pod will be started any more. */
  readonly ended: boolean;
  /** Set when the node itself ends the pod (deadline, refused admission): phase Failed with this reason. */
  readonly failed?: { reason: string; message: string } | undefined;
  /** Of a resize in place that is under way. */
  readonly resize?: readonly PodCondition[];
  /** RFC 3339. */
  readonly now: string;
}

const terminal = (phase: string | undefined): phase is "Succeeded" | "Failed" => phase === "Succeeded" || phase === "Failed";

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, runtime, old, failures, ended, failed } = input;
  const spec = pod.spec as PodSpec;
  const lists = containerStatuses({ pod, runtime, old, failures });
  const init = withAllReadiness(input, lists.initContainerStatuses ?? [], spec.initContainers ?? [], true);
  const regular = withAllReadiness(input, lists.containerStatuses ?? [], spec.containers, false);
  const all = [...init, ...regular];
  const phase = choosePhase(input, podPhase(spec, all, ended, anyActive(spec, runtime)));
  const keepsReason = phase === old.phase && failed === undefined;
  const reason = failed?.reason ?? (keepsReason ? old.reason : undefined);
  const message = failed?.message ?? (keepsReason ? old.message : undefined);
  const ips = podIPs(input);
  const [hostIP] = input.hostIPs;
  const generation = pod.metadata?.generation;
  const qosClass = pod.status?.qosClass ?? old.qosClass;
  const resources: ResourceRequirements = effectiveResources(pod);
  const allocated = podRequests(pod);
  return {
    ...(generation === undefined || generation === 0 ? {} : { observedGeneration: generation }),
    phase,
    conditions: podConditions({
      pod,
      phase,
      statuses: all,
      sandboxReady: !judgeSandbox(pod, runtime).needsNew,
      old: pod.status?.conditions ?? [],
      resize: input.resize ?? [],
      restart: restartCondition(pod, runtime, old, phase),
    }),
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: input.hostIPs.map((ip) => ({ ip })) }),
    ...(ips.length === 0 ? {} : { podIP: ips[0] as string, podIPs: ips.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? pod.status?.startTime ?? input.now,
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: regular,
    ...(qosClass === undefined ? {} : { qosClass }),
    ...(lists.ephemeralContainerStatuses === undefined ? {} : { ephemeralContainerStatuses: lists.ephemeralContainerStatuses }),
    resources,
    ...(Object.keys(allocated).length === 0 ? {} : { allocatedResources: allocated }),
  };
}

function effectiveResources(pod: Pod): ResourceRequirements {
  const requests = podRequests(pod);
  const limits = podLimits(pod);
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}

/** A terminal phase is never left, whoever wrote it. */
function choosePhase({ pod, old, failed }: PodStatusInput, computed: PodPhase): PodPhase {
  if (terminal(pod.status?.phase)) return pod.status.phase;
  if (failed !== undefined) return "Failed";
  return !terminal(computed) && terminal(old.phase) ? old.phase : computed;
}

/** A regular container of the present sandbox has been started. */
function anyActive(spec: PodSpec, runtime: PodRuntime): boolean {
  const sandbox = runtime.sandboxes[0]?.id;
  return spec.containers.some((c) => {
    const latest = findRuntimeContainer(runtime, c.name);
    return latest !== undefined && latest.sandboxId === sandbox && (latest.state === "running" || latest.state === "exited");
  });
}

function podIPs({ pod, runtime, old, hostIPs }: PodStatusInput): readonly string[] {
  if (pod.spec?.hostNetwork === true) return old.podIPs?.map((p) => p.ip) ?? pod.status?.podIPs?.map((p) => p.ip) ?? hostIPs;
  const ips = runtime.sandboxes.find((s) => s.ready)?.ips ?? runtime.sandboxes[0]?.ips ?? [];
  // Once a sandbox has stopped, the runtime forgets its address; the status keeps it.
  if (ips.length === 0) return (old.podIPs ?? pod.status?.podIPs ?? []).map((p) => p.ip);
  const v6 = hostIPs[0]?.includes(":") === true;
  const first = ips.find((ip) => ip.includes(":") === v6);
  const second = ips.find((ip) => ip.includes(":") !== v6);
  return [first, second].filter((ip) => ip !== undefined);
}

/** `ready` of an init container means that it is done; of a sidecar what it means of a regular container. */
function withReadiness({ probes }: PodStatusInput, status: ContainerStatus, container: Container, init: boolean): ContainerStatus {
  const id = status.containerID?.replace(/^[a-z]+:\/\//, "") ?? "";
  const runs = status.state?.running !== undefined;
  const startup = runs ? probes.startup(status.name, id) : undefined;
  const started = runs && (startup === undefined || startup === "success");
  if (init && !isSidecar(container)) return { ...status, started, ready: status.state?.terminated?.exitCode === 0 };
  const readiness = started ? probes.readiness(status.name, id) : undefined;
  return { ...status, started, ready: started && (readiness === undefined || readiness === "success") };
}

function withAllReadiness(
  input: PodStatusInput,
  statuses: readonly ContainerStatus[],
  containers: readonly Container[],
  init: boolean,
): ContainerStatus[] {
  return statuses.map((status) => {
    const container = containers.find((c) => c.name === status.name);
    return container === undefined ? status : withReadiness(input, status, container, init);
  });
}

/**
 * The status of a pod whose containers are all gone: what still seems to run was lost, and a phase that is not terminal
 * becomes so.
 */
export function endedStatus(status: PodStatus): PodStatus {
  const settle = (s: ContainerStatus): ContainerStatus => {
    if (s.state?.terminated !== undefined) return { ...s, started: false, ready: false };
    const message = "The container could not be located when the pod was terminated";
    return {
      ...s,
      state: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown", message, startedAt: undefined, finishedAt: undefined } },
      started: false,
      ready: false,
    };
  };
  const init = status.initContainerStatuses ?? [];
  // What never began because an init container failed goes on waiting; that failure says enough.
  const never = (s: ContainerStatus): boolean => s.state?.waiting !== undefined && s.lastState?.terminated === undefined;
  const initialized = init.every((s) => s.state?.terminated?.exitCode === 0 || s.started === true);
  const containers = (status.containerStatuses ?? []).map((s) => (!initialized && never(s) ? s : settle(s)));
  const initDone = init.map((s) => (s.state?.terminated?.exitCode === 0 || (!initialized && never(s)) ? s : settle(s)));
  const phase = terminal(status.phase) ? status.phase : "Failed";
  const reason = phase === "Succeeded" ? "PodCompleted" : "PodFailed";
  const conditions = (status.conditions ?? []).map((c) =>
    c.type === "Ready" || c.type === "ContainersReady" ? { ...c, status: "False", reason, message: undefined } : c,
  );
  return {
    ...status,
    phase,
    conditions,
    containerStatuses: containers,
    ...(initDone.length === 0 ? {} : { initContainerStatuses: initDone }),
  };
}
