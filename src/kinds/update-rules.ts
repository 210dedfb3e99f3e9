/**
 * What a write may not touch. Upstream's strategies say it kind by kind; nearly all say the same: the main resource writes
 * `spec` and keeps `status`, the status subresource the other way round, and `metadata.generation` counts changes of `spec`.
 */
import type { ObjectMeta } from "../schema/types/meta-v1.ts";
import type { Kind } from "./kind.ts";
import { semanticEqual } from "./semantic-equal.ts";

interface Shaped {
  metadata?: ObjectMeta | undefined;
  spec?: unknown;
  status?: unknown;
}

/** `object[field] = old[field]`, absent when it is absent there. */
export function keepField<T extends object, K extends keyof T>(object: T, old: T, field: K): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = old[field];
}

/** A new object is the first of its generations. */
export function startGeneration(object: { metadata?: ObjectMeta | undefined }): void {
  (object.metadata ??= {}).generation = 1;
}

/** The next generation when what counts has changed, else the same one. */
export function countGeneration(
  object: { metadata?: ObjectMeta | undefined },
  old: { metadata?: ObjectMeta | undefined },
  changed: boolean,
): void {
  const before = old.metadata?.generation ?? 0;
  const now = changed ? before + 1 : before;
  if (now !== 0) (object.metadata ??= {}).generation = now;
  else if (object.metadata) delete object.metadata.generation;
}

const ownedByMain = [
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generation",
  "labels",
  "annotations",
  "ownerReferences",
] as const;

/** A status write changes no metadata but managedFields and resourceVersion (`metav1.ResetObjectMetaForStatus`). */
export function keepMetadata(object: { metadata?: ObjectMeta | undefined }, old: { metadata?: ObjectMeta | undefined }): void {
  const meta = (object.metadata ??= {});
  const before: ObjectMeta = old.metadata ?? {};
  for (const field of ownedByMain) keepField(meta, before, field);
}

export interface SpecAndStatusOptions {
  /** What Go writes for a status that nobody has set. */
  readonly emptyStatus?: () => object;
  /** Counts `metadata.generation`. */
  readonly generation?: boolean;
  /** A write of the status leaves metadata as it is. */
  readonly statusKeepsMetadata?: boolean;
}

type Hooks<T extends object> = Pick<Kind<T>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate" | "generation">;

/** The hooks of a kind with the usual rules. */
export function specAndStatus<T extends Shaped>(options: SpecAndStatusOptions = {}): Hooks<T> {
  const emptyStatus = options.emptyStatus ?? ((): object => ({}));
  const generation = options.generation ?? false;
  return {
    generation,
    prepareForCreate(object: T): void {
      object.status = emptyStatus();
      if (generation) startGeneration(object);
    },
    prepareForUpdate(object: T, old: T): void {
      keepField(object, old, "status");
      if (generation) countGeneration(object, old, !semanticEqual(object.spec, old.spec));
    },
    prepareForStatusUpdate(object: T, old: T): void {
      keepField(object, old, "spec");
      if (options.statusKeepsMetadata === true) keepMetadata(object, old);
    },
  };
}

/** The hooks of a kind without status whose generation counts changes of one field. */
export function countsChangesOf<T extends { metadata?: ObjectMeta | undefined }>(field: keyof T): Hooks<T> {
  return {
    generation: true,
    prepareForCreate: startGeneration,
    prepareForUpdate(object: T, old: T): void {
      countGeneration(object, old, !semanticEqual(object[field], old[field]));
    },
  };
}
