/** What a set of replicas does next: create, delete, and the status it reports. Shared by replica sets and replication controllers. */
import { formatTime } from "../../core/clock.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { Pod, PodTemplateSpec } from "../../schema/types/core-v1.ts";
import type { ReplicaSetCondition, ReplicaSetStatus } from "../../schema/types/apps-v1.ts";
import { isPodActive, isPodAvailable, isPodReady, readyCondition } from "../pod-state.ts";
import { compareForDeletion } from "./deletion-rank.ts";

/** Most pods created or deleted in one reconcile. */
export const burst = 500;

/** What ReplicaSet and ReplicationController have in common. */
export interface ReplicaOwner {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: ObjectMeta | undefined;
  spec?: { replicas?: number | undefined; minReadySeconds?: number | undefined; template?: PodTemplateSpec | undefined } | undefined;
  status?: ReplicaSetStatus | undefined;
}

export interface ReplicaPlan {
  /** Pods to create. */
  readonly create: number;
  /** Pods to delete, first those that matter least. */
  readonly remove: readonly Pod[];
}

/** `related`: pods of all sets of the same controller, for spreading what is left over the nodes. */
export function planReplicas(owner: ReplicaOwner, active: readonly Pod[], related: () => readonly Pod[], now: number): ReplicaPlan {
  const surplus = active.length - (owner.spec?.replicas ?? 0);
  if (surplus <= 0) return { create: Math.min(-surplus, burst), remove: [] };
  const count = Math.min(surplus, burst);
  if (count >= active.length) return { create: 0, remove: active.slice(0, count) };
  const siblings = new Map<string, number>();
  for (const pod of related()) {
    if (!isPodActive(pod)) continue;
    const node = pod.spec?.nodeName ?? "";
    siblings.set(node, (siblings.get(node) ?? 0) + 1);
  }
  return { create: 0, remove: [...active].sort((a, b) => compareForDeletion(a, b, siblings, now)).slice(0, count) };
}

/** The pod a template gives, to be created in the owner's namespace under a generated name. */
export function podFromTemplate(owner: ReplicaOwner, ownerReference: NonNullable<ObjectMeta["ownerReferences"]>[number]): Pod {
  const template = owner.spec?.template;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  const name = owner.metadata?.name ?? "";
  // A prefix that makes every name invalid (too long with its dash) is used bare.
  const prefix = name.length + 1 <= 253 ? `${name}-` : name;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: prefix,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [ownerReference],
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec }),
  };
}

export interface StatusInput {
  readonly owner: ReplicaOwner;
  readonly active: readonly Pod[];
  /** Undefined: the kind has no such field. */
  readonly terminating: number | undefined;
  readonly failure: string | undefined;
  /** Milliseconds. */
  readonly now: number;
}

/** The status of what is observed now, in Go's presence; `failure` is why pods could not be created or deleted. */
export function replicaStatus({ owner, active, terminating, failure, now }: StatusInput): ReplicaSetStatus {
  const wanted = Object.entries(owner.spec?.template?.metadata?.labels ?? {});
  const minReady = owner.spec?.minReadySeconds ?? 0;
  let labeled = 0;
  let ready = 0;
  let available = 0;
  for (const pod of active) {
    const labels = pod.metadata?.labels ?? {};
    if (wanted.every(([k, v]) => labels[k] === v)) labeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    if (isPodAvailable(pod, minReady, now)) available++;
  }
  const conditions = failureConditions(owner, active.length, failure, now);
  return {
    replicas: active.length,
    ...(labeled === 0 ? {} : { fullyLabeledReplicas: labeled }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(owner.metadata?.generation === undefined ? {} : { observedGeneration: owner.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function failureConditions(owner: ReplicaOwner, active: number, failure: string | undefined, now: number): ReplicaSetCondition[] {
  const old = owner.status?.conditions ?? [];
  const present = old.some((c) => c.type === "ReplicaFailure");
  if (failure === undefined) return present ? old.filter((c) => c.type !== "ReplicaFailure") : old;
  if (present) return old;
  const surplus = active - (owner.spec?.replicas ?? 0);
  const reason = surplus < 0 ? "FailedCreate" : surplus > 0 ? "FailedDelete" : "";
  const condition: ReplicaSetCondition = {
    type: "ReplicaFailure",
    status: "True",
    lastTransitionTime: formatTime(now),
    ...(reason === "" ? {} : { reason }),
    message: failure,
  };
  return [...old, condition];
}

/** Equal but for field order; `null` is absent. */
export function sameStatus(a: ReplicaSetStatus | undefined, b: ReplicaSetStatus): boolean {
  return (
    a !== undefined &&
    a.replicas === b.replicas &&
    (a.fullyLabeledReplicas ?? 0) === (b.fullyLabeledReplicas ?? 0) &&
    (a.readyReplicas ?? 0) === (b.readyReplicas ?? 0) &&
    (a.availableReplicas ?? 0) === (b.availableReplicas ?? 0) &&
    a.terminatingReplicas === b.terminatingReplicas &&
    (a.observedGeneration ?? 0) === (b.observedGeneration ?? 0) &&
    JSON.stringify(a.conditions ?? []) === JSON.stringify(b.conditions ?? [])
  );
}

/** Milliseconds until the next ready pod becomes available; `undefined` when none is on its way. */
export function nextAvailability(owner: ReplicaOwner, active: readonly Pod[], status: ReplicaSetStatus, now: number): number | undefined {
  const minReady = (owner.spec?.minReadySeconds ?? 0) * 1000;
  if (minReady === 0 || (status.readyReplicas ?? 0) === (status.availableReplicas ?? 0)) return undefined;
  let next = minReady;
  for (const pod of active) {
    const since = isPodReady(pod) ? readyCondition(pod)?.lastTransitionTime : undefined;
    const wait = since === undefined ? 0 : Date.parse(since) + minReady - now;
    if (wait > 0) next = Math.min(next, wait);
  }
  return next;
}
