/** The strategic merge patch that turns one pod status into another, of what the node owns. Pure. */
import type { PodCondition, PodStatus } from "../../schema/types/core-v1.ts";
import { nodeConditions } from "./conditions.ts";

/** Equal as JSON: absent, undefined and null are the same, in objects. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? undefined) === (b ?? undefined)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => sameValue(left[key], right[key]));
}

/** Fields that others write: never touched. */
const foreign: readonly string[] = [
  "nominatedNodeName",
  "resourceClaimStatuses",
  "extendedResourceClaimStatus",
  "nodeAllocatableResourceClaimStatuses",
  "resize",
];

/** Lists that a patch would merge by key, and that are to be replaced. */
const replaced: readonly string[] = ["podIPs", "hostIPs"];

export function statusPatch(from: PodStatus, to: PodStatus): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  const before = from as Record<string, unknown>;
  const after = to as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (foreign.includes(key) || key === "conditions" || sameValue(before[key], after[key])) continue;
    const value = after[key] ?? null;
    patch[key] =
      Array.isArray(value) && replaced.includes(key) ? [...(value as unknown[]), { $patch: "replace" }] : mergeable(before[key], value);
  }
  const conditions = changedConditions(from.conditions ?? [], to.conditions ?? []);
  if (conditions.length > 0) patch["conditions"] = conditions;
  return patch;
}

/** A map in a patch is merged: what is gone must be said. */
function mergeable(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return after;
  const gone = Object.keys(before).filter((key) => after[key] === undefined);
  const merged: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) merged[key] = mergeable(before[key], value);
  for (const key of gone) merged[key] = null;
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Merged by type, those of the node alone: others may have changed theirs meanwhile. A reason or message that is gone is said as null. */
function changedConditions(from: readonly PodCondition[], to: readonly PodCondition[]): Record<string, unknown>[] {
  const removed = from.filter((c) => removable.includes(c.type) && !to.some((other) => other.type === c.type));
  const changed = to.flatMap((condition) => {
    if (!nodeConditions.includes(condition.type)) return [];
    const old = from.find((c) => c.type === condition.type);
    if (old !== undefined && sameValue(old, condition)) return [];
    const gone = Object.keys(old ?? {}).filter((key) => (condition as unknown as Record<string, unknown>)[key] === undefined);
    return [{ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) }];
  });
  return [...changed, ...removed.map(({ type }) => ({ type, $patch: "delete" }))];
}

/** Conditions of the node that come and go. */
const removable: readonly string[] = ["PodResizePending", "PodResizeInProgress"];
