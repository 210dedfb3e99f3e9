/** When a pod must leave a tainted node. Pure. */
import { formatTime } from "../../core/clock.ts";
import { toleratesTaint } from "../../kinds/pod/tolerations.ts";
import type { Node, Pod, PodCondition, Taint } from "../../schema/types/core-v1.ts";

export type EvictionPlan =
  /** Nothing is or stays scheduled; `cancelled`: something was. */
  | { readonly type: "stay"; readonly cancelled: boolean }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "evict"; readonly cancelled: boolean };

export function evictingTaints(node: Node | undefined): Taint[] {
  return (node?.spec?.taints ?? []).filter((t) => t.effect === "NoExecute");
}

/** `scheduled`: when it is to go by an earlier plan. Times are milliseconds since the epoch. */
export function planEviction(pod: Pod, taints: readonly Taint[], scheduled: number | undefined, now: number): EvictionPlan {
  const wasScheduled = scheduled !== undefined;
  if (taints.length === 0) return { type: "stay", cancelled: wasScheduled };
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const used = pod.spec?.tolerations?.find((t) => toleratesTaint(t, taint));
    if (used === undefined) return { type: "evict", cancelled: wasScheduled && now < scheduled };
    if (used.tolerationSeconds !== undefined) shortest = Math.min(shortest, Math.max(0, used.tolerationSeconds));
  }
  if (shortest === Number.POSITIVE_INFINITY) return { type: "stay", cancelled: wasScheduled };
  // The time runs from the first taint: another one that comes later does not give the pod more.
  const until = wasScheduled ? Math.min(scheduled, now + shortest * 1000) : now + shortest * 1000;
  return until <= now ? { type: "evict", cancelled: false } : { type: "wait", until };
}

/** Why it goes: what a Job's failure policy looks at. */
export function evictionCondition(pod: Pod, now: number): PodCondition {
  const generation = pod.metadata?.generation;
  return {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: formatTime(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
