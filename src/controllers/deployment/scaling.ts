/** How many replicas go where: surge, unavailability, and shares of a proportional scaling. */
import { resolveIntOrPercent } from "../../schema/int-or-string.ts";
import type { Deployment, ReplicaSet } from "../../schema/types/apps-v1.ts";
import { intAnnotation, maxReplicasAnnotation } from "./annotations.ts";

export function replicasOf(object: { spec?: { replicas?: number | undefined } | undefined } | undefined): number {
  return object?.spec?.replicas ?? 0;
}

export function isRolling(deployment: Deployment): boolean {
  return deployment.spec?.strategy?.type === "RollingUpdate";
}

/** Both resolved to pods; both zero would never move, so one may then be unavailable. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const desired = replicasOf(deployment);
  const surge = resolveIntOrPercent(rolling?.maxSurge ?? 0, desired, true);
  const unavailable = resolveIntOrPercent(rolling?.maxUnavailable ?? 0, desired, false);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export function maxSurge(deployment: Deployment): number {
  return isRolling(deployment) ? fenceposts(deployment).surge : 0;
}

export function maxUnavailable(deployment: Deployment): number {
  if (!isRolling(deployment) || replicasOf(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment));
}

export const totalReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((n, s) => n + replicasOf(s), 0);
export const totalAvailable = (sets: readonly ReplicaSet[]): number => sets.reduce((n, s) => n + (s.status?.availableReplicas ?? 0), 0);

/** The size of the new set that the strategy allows now. */
export function newSetSize(deployment: Deployment, sets: readonly ReplicaSet[], newSet: ReplicaSet): number {
  const desired = replicasOf(deployment);
  if (!isRolling(deployment)) return desired;
  const most = desired + resolveIntOrPercent(deployment.spec?.strategy?.rollingUpdate?.maxSurge ?? 0, desired, true);
  const present = totalReplicas(sets);
  const size = replicasOf(newSet);
  if (present >= most) return size;
  return size + Math.min(most - present, desired - size);
}

/** Rounds half away from zero, as Go's integer.RoundToInt32. */
function round(value: number): number {
  return value < 0 ? Math.trunc(value - 0.5) : Math.trunc(value + 0.5);
}

/**
 * The share of `toAdd` (negative: to take away) replicas that falls to `set`, `added` of them being given out already, in
 * proportion to its size before the scaling.
 */
export function proportion(set: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  if (replicasOf(set) === 0 || toAdd === 0 || toAdd === added) return 0;
  const share = fraction(set, deployment);
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
}

function fraction(set: ReplicaSet, deployment: Deployment): number {
  const size = replicasOf(set);
  if (replicasOf(deployment) === 0) return -size;
  const most = replicasOf(deployment) + maxSurge(deployment);
  const before = intAnnotation(set, maxReplicasAnnotation) || (deployment.status?.replicas ?? 0);
  return before === 0 ? 0 : round((size * most) / before) - size;
}
