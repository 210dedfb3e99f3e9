import { formatTime } from "../../core/clock.ts";
import type { Pod, PodCondition } from "../../schema/types/core-v1.ts";

/** Sets a condition in its place; the transition time moves only when the status changes. False when nothing changed. */
export function setPodCondition(
  pod: Pod,
  wished: { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string },
  now: number,
): boolean {
  const conditions = [...(pod.status?.conditions ?? [])];
  const at = conditions.findIndex((c) => c.type === wished.type);
  const old = conditions[at];
  if (old?.status === wished.status && (old.reason ?? "") === (wished.reason ?? "") && (old.message ?? "") === (wished.message ?? ""))
    return false;
  const condition: PodCondition = {
    ...wished,
    // Go writes the zero time as null; the field's static type knows only strings.
    lastProbeTime: null as unknown as string,
    lastTransitionTime: old?.status === wished.status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(now),
  };
  if (at < 0) conditions.push(condition);
  else conditions[at] = condition;
  pod.status = { ...pod.status, conditions };
  return true;
}
