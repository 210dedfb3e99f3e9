/** Ownership of `spec.replicas` between an object and its scale subresource. */
import type { ManagedFieldsEntry } from "../types/meta-v1.ts";
import { FieldSet } from "./field-set.ts";
import { decodeManagedFields, encodeManagedFields, type ManagedSet, withSet } from "./managed-fields.ts";
import { fieldElement, type PathElement } from "./path-element.ts";

/** The path of the replicas by the object's API version; null where a version has no scale. */
export type ReplicasPaths = ReadonlyMap<string, readonly string[] | null>;

const scaleVersion = "autoscaling/v1";
const replicas = ["spec", "replicas"].map(fieldElement);

const elements = (path: readonly string[]): PathElement[] => path.map(fieldElement);

/** The managedFields of the scale: those managers of the object that own the replicas. Throws for malformed entries. */
export function scaleManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const result = new Map<string, ManagedSet>();
  for (const [id, value] of decodeManagedFields(entries)) {
    const path = paths.get(value.apiVersion);
    if (path === undefined || path === null || !value.set.has(elements(path))) continue;
    result.set(id, { ...value, apiVersion: scaleVersion, set: FieldSet.fromPaths([replicas]), entry: undefined });
  }
  return encodeManagedFields(result);
}

/** The managedFields of the object (served at `apiVersion`) after its scale was written. Throws for malformed entries. */
export function parentManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
  scaleEntries: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const parents = decodeManagedFields(entries);
  const scales = new Map(decodeManagedFields(scaleEntries));
  const result = new Map<string, ManagedSet>();
  for (const [id, value] of parents) {
    const path = paths.get(value.apiVersion);
    if (path === undefined) continue;
    if (path === null || !value.set.has(elements(path)) || scales.delete(id)) {
      result.set(id, value);
      continue;
    }
    const left = withSet(value, value.set.difference(FieldSet.fromFields(path)));
    if (!left.set.isEmpty) result.set(id, left);
  }
  const own = paths.get(apiVersion);
  for (const [id, value] of scales) {
    if (!value.set.has(replicas)) continue;
    const set = own ? FieldSet.fromFields(own) : FieldSet.empty;
    // Upstream takes the time of the object's own entry, which a new manager does not have.
    result.set(id, { ...value, apiVersion, set, time: parents.get(id)?.time, entry: undefined });
  }
  return encodeManagedFields(result);
}
