/** Revisions of a deployment: annotations of its replica sets, and which set is the new one. */
import { semanticEqual } from "../../kinds/semantic-equal.ts";
import type { Deployment, ReplicaSet } from "../../schema/types/apps-v1.ts";
import type { PodTemplateSpec } from "../../schema/types/core-v1.ts";
import {
  desiredReplicasAnnotation,
  hashLabel,
  maxReplicasAnnotation,
  revisionAnnotation,
  revisionHistoryAnnotation,
  rollbackAnnotation,
} from "./annotations.ts";
import { maxSurge, replicasOf } from "./scaling.ts";

/** The history annotation grows no longer than this. */
const maxHistoryCharacters = 2000;

/** Annotations that belong to the deployment or to the set alone and are not copied between them. */
const ownAnnotations = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  rollbackAnnotation,
]);

const integer = /^[+-]?\d{1,19}$/;

/** Revisions are int64: beyond what a number holds exactly. */
function parseRevision(text: string): bigint | undefined {
  return integer.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
}

/** The revision; 0 when there is none, undefined when it is no number. */
export function revisionOf(set: ReplicaSet): bigint | undefined {
  const text = set.metadata?.annotations?.[revisionAnnotation];
  return text === undefined ? 0n : parseRevision(text);
}

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  return sets.reduce((most, set) => {
    const revision = revisionOf(set) ?? 0n;
    return revision > most ? revision : most;
  }, 0n);
}

/** The second largest revision: what an undo without a number goes back to. */
export function lastRevision(sets: readonly ReplicaSet[]): bigint {
  let first = 0n;
  let second = 0n;
  for (const set of sets) {
    const revision = revisionOf(set);
    if (revision === undefined) continue;
    if (revision >= first) {
      second = first;
      first = revision;
    } else if (revision > second) second = revision;
  }
  return second;
}

/** Oldest first, then by name. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const x = a.metadata?.creationTimestamp ?? "";
  const y = b.metadata?.creationTimestamp ?? "";
  if (x !== y) return x < y ? -1 : 1;
  return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1;
}

export function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const x = revisionOf(a);
  const y = revisionOf(b);
  return x === undefined || y === undefined || x === y ? byCreation(a, b) : x < y ? -1 : 1;
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const labels = template?.metadata?.labels;
  if (template === undefined || labels?.[hashLabel] === undefined) return template ?? {};
  const { [hashLabel]: _hash, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}

/** The same pods, but for the hash label that the controller adds. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b));
}

/** The oldest set with the deployment's template: later ones with the same can only come from a race. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byCreation).find((s) => sameTemplate(s.spec?.template, deployment.spec?.template));
}

/** Annotations of a set that is scaled for `deployment`; the same object when nothing changes. */
export function withReplicaAnnotations(deployment: Deployment, annotations: Record<string, string>): Record<string, string> {
  const desired = String(replicasOf(deployment));
  const most = String(replicasOf(deployment) + maxSurge(deployment));
  if (annotations[desiredReplicasAnnotation] === desired && annotations[maxReplicasAnnotation] === most) return annotations;
  return { ...annotations, [desiredReplicasAnnotation]: desired, [maxReplicasAnnotation]: most };
}

/**
 * Annotations of the new set: the deployment's own, its revision (never lowered), and the revisions it had before when a
 * rollback brings it to the front again. The same object when nothing changes.
 */
export function newSetAnnotations(
  deployment: Deployment,
  present: Record<string, string>,
  revision: bigint,
  exists: boolean,
): Record<string, string> {
  let annotations = present;
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (ownAnnotations.has(key) || annotations[key] === value) continue;
    annotations = { ...annotations, [key]: value };
  }
  const oldText = annotations[revisionAnnotation];
  // A revision that someone made unreadable is left as it is.
  const old = oldText === undefined || oldText === "" ? 0n : parseRevision(oldText);
  if (old === undefined) return annotations;
  if (old < revision) {
    annotations = { ...annotations, [revisionAnnotation]: String(revision) };
    if (oldText !== undefined) annotations = withHistory(annotations, oldText);
  }
  return exists ? annotations : withReplicaAnnotations(deployment, annotations);
}

function withHistory(annotations: Record<string, string>, old: string): Record<string, string> {
  const history = annotations[revisionHistoryAnnotation] ?? "";
  if (history === "") return { ...annotations, [revisionHistoryAnnotation]: old };
  const kept = [...history.split(","), old];
  while (kept.length > 1 && kept.join(",").length > maxHistoryCharacters) kept.shift();
  return { ...annotations, [revisionHistoryAnnotation]: kept.join(",") };
}

/** Annotations of a deployment that goes back to `set`: its own kept, all others as the set has them. */
export function rollbackAnnotations(deployment: Deployment, set: ReplicaSet): Record<string, string> {
  const own = Object.entries(deployment.metadata?.annotations ?? {}).filter(([k]) => ownAnnotations.has(k) && k !== rollbackAnnotation);
  const copied = Object.entries(set.metadata?.annotations ?? {}).filter(([k]) => !ownAnnotations.has(k));
  return Object.fromEntries([...own, ...copied]);
}

/** The revision an old client asks to go back to (0: the one before); undefined when none does. */
export function rollbackTarget(deployment: Deployment): bigint | undefined {
  const text = deployment.metadata?.annotations?.[rollbackAnnotation];
  return text === undefined ? undefined : parseRevision(text);
}
