/** Which taints a pod bears. */
import type { Taint, Toleration } from "../../schema/types/core-v1.ts";

/**
 * Empty effect: all effects; empty key with `Exists`: all keys. The numeric operators `Lt` and `Gt` (KEP-5471, alpha) are
 * off and tolerate nothing.
 */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "") {
    case "":
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "");
    case "Exists":
      return true;
    default:
      return false;
  }
}

/** The first of `taints` with one of `effects` that none of `tolerations` bears. */
export function findUntoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && tolerations?.some((t) => toleratesTaint(t, taint)) !== true);
}

/** The effects that keep a new pod away from a node. */
export const schedulingEffects: readonly string[] = ["NoSchedule", "NoExecute"];
