/** `metadata.managedFields` on the way of a write: who owns what afterwards, and what admission made of it. */
import { parentManagedFields, scaleManagedFields } from "../../schema/apply/scale.ts";
import { decodeManagedFields } from "../../schema/apply/managed-fields.ts";
import { jsonEqual } from "../json-equal.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { ManagedFieldsEntry, ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { ObjectView } from "../resource.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { metadataOf } from "./metadata.ts";

type Entries = readonly ManagedFieldsEntry[] | undefined;

/**
 * Gives the fields that a create, update or patch changes to its manager. `object` is the mutable successor at the storage
 * version, defaulted; `current` what it follows, undefined for a new one. `untouched`: members that nobody changed; what
 * defaults add to them, older objects lack, is nobody's.
 */
export function trackUpdate(
  scope: Scope,
  current: Entry | undefined,
  object: UnstructuredObject,
  manager: string,
  untouched: readonly string[] = [],
): void {
  const { served } = scope;
  const fields = scope.fieldManager();
  const live = current?.servedObject(served) ?? fields.empty;
  let next = served.converted(object);
  if (untouched.length > 0 && served.sameShape) {
    // Shared with the live object: not to be compared.
    next = { ...next };
    for (const key of untouched) next[key] = live[key];
  }
  setManagedFields(metadataOf(object), fields.update(live, next, manager));
}

export function setManagedFields(meta: ObjectMeta, entries: Entries): void {
  if (entries === undefined) delete meta.managedFields;
  else meta.managedFields = entries as ManagedFieldsEntry[];
}

/** The view of a subresource with the managers of the field that it shows. */
export function readView(view: ObjectView, current: Entry): UnstructuredObject {
  const object = current.object();
  const shown = (view.readForUpdate?.(object) ?? view.read(object)) as UnstructuredObject;
  const entries = scaleManagedFields(object.metadata?.managedFields, view.replicasPaths);
  return entries === undefined ? shown : { ...shown, metadata: { ...shown.metadata, managedFields: entries } };
}

/** Brings the managers of a written view back into the object that it is drawn from. */
export function writeViewManagers(scope: Scope, view: ObjectView, object: UnstructuredObject, entries: Entries): void {
  const meta = metadataOf(object);
  setManagedFields(meta, parentManagedFields(meta.managedFields, entries, scope.served.apiVersion, view.replicasPaths));
}

/** Admission may not leave managedFields that nobody can read: they are as they were then, and the client is told. */
export function checkAdmitted(scope: Scope, object: UnstructuredObject, before: Entries): void {
  const meta = metadataOf(object);
  const after = meta.managedFields;
  if (after === before) return;
  try {
    decodeManagedFields(after);
  } catch (error) {
    setManagedFields(meta, before);
    scope.request.warnings.push(
      `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${(error as Error).message}`,
    );
  }
}

/** A write that changes nothing but the times of managers changes nothing. */
export function keepTimes(object: UnstructuredObject, old: UnstructuredObject): void {
  const meta = metadataOf(object);
  const [after, before] = [meta.managedFields, old.metadata?.managedFields];
  if (after === before || after === undefined || after.length !== before?.length || !sameButTimes(after, before)) return;
  meta.managedFields = before;
  if (!jsonEqual(object, old)) meta.managedFields = after;
}

function sameButTimes(after: readonly ManagedFieldsEntry[], before: readonly ManagedFieldsEntry[]): boolean {
  let moved = false;
  for (const [i, entry] of after.entries()) {
    const other = before[i] as ManagedFieldsEntry;
    if (entry === other) continue;
    if (entry.time !== other.time) moved = true;
    if (entry.manager !== other.manager || entry.operation !== other.operation || entry.subresource !== other.subresource) return false;
    if (entry.apiVersion !== other.apiVersion || !jsonEqual(entry.fieldsV1, other.fieldsV1)) return false;
  }
  return moved;
}
