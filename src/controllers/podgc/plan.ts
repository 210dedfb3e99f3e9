/** Which pods no one else will remove. Pure. */
import { formatTime } from "../../core/clock.ts";
import type { Node, Pod, PodCondition } from "../../schema/types/core-v1.ts";
import { isPodTerminal } from "../pod-state.ts";

/** A pod of a node that is gone is left alone this long: the node may come back (milliseconds). */
export const quarantine = 40_000;
const outOfService = "node.kubernetes.io/out-of-service";

/** Deleted before any node took it: there is no one to confirm that it has stopped. */
export function isUnscheduledTerminating(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined && !pod.spec?.nodeName;
}

/** Being deleted on a node that is not ready and that an operator has declared out of service (KEP-2268). */
export function isOutOfService(pod: Pod, node: Node | undefined): boolean {
  if (node === undefined || pod.metadata?.deletionTimestamp === undefined) return false;
  const ready = node.status?.conditions?.find((c) => c.type === "Ready")?.status === "True";
  return !ready && node.spec?.taints?.some((t) => t.key === outOfService) === true;
}

/** Finished, or in no phase that says it may still run. */
export function isTerminated(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase !== "Pending" && phase !== "Running" && phase !== "Unknown";
}

/** Finished pods beyond `threshold`: evicted ones first, then the oldest. A threshold of 0 or less keeps all. */
export function surplusTerminated(pods: readonly Pod[], threshold: number): Pod[] {
  if (threshold <= 0) return [];
  const finished = pods.filter(isTerminated);
  if (finished.length <= threshold) return [];
  const evicted = (p: Pod): boolean => p.status?.phase === "Failed" && p.status.reason === "Evicted";
  const order = (p: Pod): string => `${evicted(p) ? 0 : 1}${p.metadata?.creationTimestamp ?? ""}${p.metadata?.name ?? ""}`;
  return finished.sort((a, b) => (order(a) < order(b) ? -1 : 1)).slice(0, finished.length - threshold);
}

/** Why an orphan goes: what a Job's failure policy looks at. */
export function orphanCondition(pod: Pod, now: number): PodCondition {
  const generation = pod.metadata?.generation;
  return {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByPodGC",
    message: "PodGC: node no longer exists",
    lastTransitionTime: formatTime(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

/** The status patch that marks a pod failed before it is removed; undefined when it has finished already. */
export function failedStatus(pod: Pod, condition: PodCondition | undefined): object | undefined {
  if (isPodTerminal(pod)) return undefined;
  const generation = pod.metadata?.generation;
  return {
    phase: "Failed",
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(condition === undefined ? {} : { conditions: [condition] }),
  };
}
