/** The status of a deployment and its conditions. */
import { formatTime } from "../../core/clock.ts";
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../schema/types/apps-v1.ts";
import { maxUnavailable, replicasOf, totalAvailable, totalReplicas } from "./scaling.ts";

const unlimited = 0x7fffffff;

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== unlimited;
}

export function findCondition(status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find((c) => c.type === type);
}

export function newCondition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  now: number,
): DeploymentCondition {
  const time = formatTime(now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

/** `condition` in place of the one of its type, moved to the end; unchanged when status and reason are the same. */
export function withCondition(status: DeploymentStatus, condition: DeploymentCondition): DeploymentStatus {
  const present = findCondition(status, condition.type);
  if (present?.status === condition.status && present.reason === condition.reason) return status;
  const next = present?.status === condition.status ? { ...condition, lastTransitionTime: present.lastTransitionTime } : condition;
  return { ...status, conditions: [...(status.conditions ?? []).filter((c) => c.type !== condition.type), next] };
}

export function withoutCondition(status: DeploymentStatus, type: string): DeploymentStatus {
  if (findCondition(status, type) === undefined) return status;
  const { conditions = [], ...rest } = status;
  const left = conditions.filter((c) => c.type !== type);
  return left.length === 0 ? rest : { ...rest, conditions: left };
}

const sum = (sets: readonly ReplicaSet[], count: (s: NonNullable<ReplicaSet["status"]>) => number | undefined): number =>
  sets.reduce((n, s) => n + (s.status === undefined ? 0 : (count(s.status) ?? 0)), 0);

/** Unknown as soon as one set that has been looked at does not say. */
function terminatingReplicas(sets: readonly ReplicaSet[]): number | undefined {
  let total = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas !== undefined) total += status.terminatingReplicas;
    else if ((status?.observedGeneration ?? 0) !== 0) return undefined;
  }
  return total;
}

/** Counts and the Available condition; Progressing and ReplicaFailure as they were. Zeros absent, as Go writes them. */
export function countStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  now: number,
): DeploymentStatus {
  const available = totalAvailable(sets);
  const counts: Record<string, number> = {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: sum(sets, (s) => s.replicas),
    updatedReplicas: newSet === undefined ? 0 : sum([newSet], (s) => s.replicas),
    readyReplicas: sum(sets, (s) => s.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalReplicas(sets) - available),
  };
  const terminating = terminatingReplicas(sets);
  const { collisionCount, conditions } = deployment.status ?? {};
  const status: DeploymentStatus = {
    ...Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0)),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(conditions === undefined ? {} : { conditions }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  return withCondition(
    status,
    enough
      ? newCondition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
      : newCondition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now),
  );
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

/** More new pods, fewer old ones, more ready or more available ones than at the last look. */
function isProgressing(old: DeploymentStatus, status: DeploymentStatus): boolean {
  const outdated = (s: DeploymentStatus): number => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, now: number): boolean {
  const condition = findCondition(status, "Progressing");
  if (condition === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return Date.parse(condition.lastUpdateTime ?? "") + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 < now;
}

/** {@link countStatus} with the Progressing and ReplicaFailure conditions of a rollout. */
export function rolloutStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  now: number,
): DeploymentStatus {
  let status = countStatus(deployment, sets, newSet, now);
  const current = findCondition(deployment.status, "Progressing");
  const settled = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  const what = newSet === undefined ? `Deployment "${deployment.metadata?.name ?? ""}"` : `ReplicaSet "${newSet.metadata?.name ?? ""}"`;
  if (!hasProgressDeadline(deployment)) status = withoutCondition(status, "Progressing");
  else if (!settled) {
    if (isComplete(deployment, status)) {
      status = withCondition(
        status,
        newCondition("Progressing", "True", "NewReplicaSetAvailable", `${what} has successfully progressed.`, now),
      );
    } else if (isProgressing(deployment.status ?? {}, status)) {
      // Written anew even when nothing but its time changes: the deadline counts from the last progress.
      const condition = newCondition("Progressing", "True", "ReplicaSetUpdated", `${what} is progressing.`, now);
      const kept = current?.status === "True" ? { ...condition, lastTransitionTime: current.lastTransitionTime } : condition;
      status = withCondition(withoutCondition(status, "Progressing"), kept);
    } else if (hasTimedOut(deployment, status, now)) {
      status = withCondition(
        status,
        newCondition("Progressing", "False", "ProgressDeadlineExceeded", `${what} has timed out progressing.`, now),
      );
    }
  }
  const failure = replicaFailure(newSet === undefined ? sets : [newSet, ...sets]);
  return failure === undefined ? withoutCondition(status, "ReplicaFailure") : withCondition(status, failure);
}

function replicaFailure(sets: readonly ReplicaSet[]): DeploymentCondition | undefined {
  for (const set of sets) {
    const condition = set.status?.conditions?.find((c) => c.type === "ReplicaFailure");
    if (condition !== undefined) return { ...condition, lastUpdateTime: condition.lastTransitionTime };
  }
  return undefined;
}

/** Equal as upstream's deep comparison sees it. */
export function sameStatus(a: DeploymentStatus | undefined, b: DeploymentStatus): boolean {
  const counts = (s: DeploymentStatus): unknown[] => [
    s.observedGeneration ?? 0,
    s.replicas ?? 0,
    s.updatedReplicas ?? 0,
    s.readyReplicas ?? 0,
    s.availableReplicas ?? 0,
    s.unavailableReplicas ?? 0,
    s.terminatingReplicas ?? null,
    s.collisionCount ?? null,
    (s.conditions ?? []).map((c) => [c.type, c.status, c.reason, c.message, c.lastUpdateTime, c.lastTransitionTime]),
  ];
  return JSON.stringify(counts(a ?? {})) === JSON.stringify(counts(b));
}

/** Milliseconds until the progress deadline must be looked at again; undefined when it need not be. */
export function deadlineCheck(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const current = findCondition(status, "Progressing");
  if (!hasProgressDeadline(deployment) || current === undefined) return undefined;
  if (isComplete(deployment, status) || current.reason === "ProgressDeadlineExceeded") return undefined;
  const left = Date.parse(current.lastUpdateTime ?? "") + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 - now;
  return Math.max(left, 0) + 1000;
}
