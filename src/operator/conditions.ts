/** Lists of conditions, whose transition time moves only when the status does. All pure: they return new lists. */
import { formatTime } from "../core/clock.ts";

export interface ConditionLike {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
}

export function findCondition<C extends { type: string }>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((c) => c.type === type);
}

/** The condition exists with status `True`. */
export function isConditionTrue(conditions: readonly { type: string; status: string }[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * `conditions` with `condition` in the place of the one of its type, or at the end. `lastTransitionTime` is `now`
 * (milliseconds) when the status changes, else it stays.
 */
export function setCondition<C extends ConditionLike>(conditions: readonly C[] | undefined, condition: C, now: number): C[] {
  const present = conditions ?? [];
  const old = findCondition(present, condition.type);
  const lastTransitionTime = old !== undefined && old.status === condition.status ? old.lastTransitionTime : formatTime(now);
  const next: C = { ...condition, lastTransitionTime };
  if (old === undefined) return [...present, next];
  return present.map((c) => (c === old ? next : c));
}

export function removeCondition<C extends { type: string }>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((c) => c.type !== type);
}
