/** The pod conditions that the node owns. Pure; transition times are filled in when a status is told. */
import { isSidecar } from "../../kinds/pod/containers.ts";
import type { Container, ContainerStatus, Pod, PodCondition } from "../../schema/types/core-v1.ts";

/** Conditions of these types are written by the node; others are left as they are. */
export const nodeConditions: readonly string[] = [
  "PodScheduled",
  "Ready",
  "ContainersReady",
  "Initialized",
  "PodReadyToStartContainers",
  "PodResizePending",
  "PodResizeInProgress",
  "AllContainersRestarting",
];

interface Verdict {
  status: "True" | "False";
  reason?: string;
  message?: string;
}

const list = (names: string[]): string => `[${names.join(" ")}]`;

function complaint(reason: string, unknown: string[], open: string[], word: string): Verdict | undefined {
  const parts = [
    ...(unknown.length === 0 ? [] : [`containers with unknown status: ${list(unknown)}`]),
    ...(open.length === 0 ? [] : [`containers with ${word} status: ${list(open)}`]),
  ];
  return parts.length === 0 ? undefined : { status: "False", reason, message: parts.join(", ") };
}

export interface ConditionInput {
  readonly pod: Pod;
  readonly phase: string;
  readonly statuses: readonly ContainerStatus[];
  readonly sandboxReady: boolean;
  /** What the pod's status has at present. */
  readonly old: readonly PodCondition[];
  /** Of a resize in place that is under way. */
  readonly resize?: readonly PodCondition[];
  /** Of a restart of all containers. */
  readonly restart?: readonly PodCondition[];
}

/** In the kubelet's order: foreign conditions first, then its own. */
export function podConditions(input: ConditionInput): PodCondition[] {
  const { pod, old, sandboxReady } = input;
  const foreign = old.filter((c) => !nodeConditions.includes(c.type));
  const generation = pod.metadata?.generation;
  const containersReady = judgeContainersReady(input);
  const own = (type: string, verdict: Verdict): PodCondition => ({
    type,
    ...(generation === undefined || generation === 0 ? {} : { observedGeneration: generation }),
    status: verdict.status,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
  });
  return [
    ...foreign,
    ...(input.resize ?? []),
    own("PodReadyToStartContainers", { status: sandboxReady ? "True" : "False" }),
    own("Initialized", judgeInitialized(input)),
    own("Ready", judgeReady(pod, containersReady, foreign)),
    own("ContainersReady", containersReady),
    own("PodScheduled", { status: "True" }),
    ...(input.restart ?? []),
  ];
}

function judgeContainersReady({ pod, phase, statuses }: ConditionInput): Verdict {
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const container of [...(pod.spec?.initContainers ?? []).filter(isSidecar), ...(pod.spec?.containers ?? [])]) {
    const status = statuses.find((s) => s.name === container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!status.ready) unready.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  return complaint("ContainersNotReady", unknown, unready, "unready") ?? { status: "True" };
}

function judgeReady(pod: Pod, containersReady: Verdict, conditions: readonly PodCondition[]): Verdict {
  if (containersReady.status !== "True") return containersReady;
  const open = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = conditions.find((c) => c.type === conditionType);
    if (found === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === "True" ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  return open.length === 0 ? { status: "True" } : { status: "False", reason: "ReadinessGatesNotReady", message: open.join(", ") };
}

function initialized(container: Container, status: ContainerStatus): boolean {
  return isSidecar(container) ? status.started === true : status.ready;
}

function judgeInitialized({ pod, phase, statuses, old }: ConditionInput): Verdict {
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of pod.spec?.initContainers ?? []) {
    const status = statuses.find((s) => s.name === container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!initialized(container, status)) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { status: "True", reason: "PodCompleted" };
  if (anyRegularStarted(pod, statuses)) return { status: "True" };
  const open = complaint("ContainersNotInitialized", unknown, incomplete, "incomplete");
  if (open === undefined || old.some((c) => c.type === "Initialized" && c.status === "True")) return { status: "True" };
  return open;
}

/** A regular container runs or has run. */
export function anyRegularStarted(pod: Pod, statuses: readonly ContainerStatus[]): boolean {
  return (pod.spec?.containers ?? []).some(({ name }) => {
    const status = statuses.find((s) => s.name === name);
    return status?.lastState?.terminated !== undefined || status?.state?.running !== undefined || status?.state?.terminated !== undefined;
  });
}
