/** `metadata.managedFields`: who set which fields, when, through which version and subresource. */
import { type FieldError, type FieldPath, invalidField, tooLong } from "../field-error.ts";
import type { KubeObject } from "../object.ts";
import { timeSeconds } from "../time.ts";
import type { ManagedFieldsEntry } from "../types/meta-v1.ts";
import type { FieldSet } from "./field-set.ts";
import { FieldSet as Sets } from "./field-set.ts";
import { decodeFields, encodeFields, internFields } from "./fields-v1.ts";
import { compareText } from "./path-element.ts";

/** One manager's fields. */
export interface ManagedSet {
  readonly manager: string;
  readonly operation: string;
  readonly subresource: string;
  readonly apiVersion: string;
  /** By an apply; else by updates. */
  readonly applied: boolean;
  readonly set: FieldSet;
  /** RFC 3339 in seconds; absent where nobody wrote one. */
  readonly time: string | undefined;
  /** The entry that was read, as long as nothing changed. */
  readonly entry?: ManagedFieldsEntry | undefined;
}

/** By {@link managerId}. Never changed: a write makes a new map. */
export type Managed = ReadonlyMap<string, ManagedSet>;

export const nothingManaged: Managed = new Map();

/** What tells managers apart. An applier is one whatever version it uses. */
export function managerId(of: { manager: string; operation: string; apiVersion: string; subresource: string }): string {
  return JSON.stringify({
    ...(of.manager === "" ? {} : { manager: of.manager }),
    ...(of.operation === "" ? {} : { operation: of.operation }),
    ...(of.apiVersion === "" || of.operation === "Apply" ? {} : { apiVersion: of.apiVersion }),
    ...(of.subresource === "" ? {} : { subresource: of.subresource }),
  });
}

const decodedLists = new WeakMap<object, Managed>();

/** Reads entries. Throws an Error with upstream's words for one that is malformed. A frozen list is read only once. */
export function decodeManagedFields(entries: readonly ManagedFieldsEntry[] | undefined): Managed {
  if (entries === undefined || entries.length === 0) return nothingManaged;
  const known = decodedLists.get(entries);
  if (known !== undefined) return known;
  const managed = new Map<string, ManagedSet>();
  for (const [i, entry] of entries.entries()) {
    const { operation = "", apiVersion = "", fieldsType = "", manager = "", subresource = "" } = entry;
    if (operation !== "Apply" && operation !== "Update") throw new Error("operation must be `Apply` or `Update`");
    if (apiVersion === "") throw new Error("apiVersion must not be empty");
    if (fieldsType === "") throw new Error(`missing fieldsType in managed fields entry ${i}`);
    if (fieldsType !== "FieldsV1") throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}`);
    const set = entry.fieldsV1 === undefined ? Sets.empty : decodeFields(entry.fieldsV1);
    const read = { manager, operation, subresource, apiVersion, applied: operation === "Apply", set, time: entry.time };
    managed.set(managerId(read), { ...read, entry });
  }
  if (Object.isFrozen(entries)) decodedLists.set(entries, managed);
  return managed;
}

/**
 * The entries, in upstream's order: appliers first, then by time, manager, version and subresource. Undefined when there are
 * none. Sets that did not change keep their JSON object; entries that did not change are the ones that were read.
 */
export function encodeManagedFields(managed: Managed): ManagedFieldsEntry[] | undefined {
  if (managed.size === 0) return undefined;
  return [...managed.values()].sort(compareManaged).map(encodeEntry);
}

function encodeEntry(of: ManagedSet): ManagedFieldsEntry {
  if (of.entry !== undefined) return of.entry;
  return {
    ...(of.manager === "" ? {} : { manager: of.manager }),
    operation: of.operation,
    apiVersion: of.apiVersion,
    ...(of.time === undefined ? {} : { time: of.time }),
    fieldsType: "FieldsV1",
    fieldsV1: encodeFields(of.set),
    ...(of.subresource === "" ? {} : { subresource: of.subresource }),
  };
}

/** Lets a parsed object share the fields of its managers with all others. Answers the object. */
export function shareManagedFields<T extends KubeObject>(object: T): T {
  for (const entry of object.metadata?.managedFields ?? []) {
    if (entry.fieldsV1 !== undefined) entry.fieldsV1 = internFields(entry.fieldsV1);
  }
  return object;
}

/** Seconds since the epoch, 0 without a time. */
export function managedSeconds({ time }: ManagedSet): number {
  return time === undefined ? 0 : timeSeconds(time);
}

function compareManaged(a: ManagedSet, b: ManagedSet): number {
  return (
    compareText(a.operation, b.operation) ||
    managedSeconds(a) - managedSeconds(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** The same manager with another set; the entry is made anew unless nothing differs. */
export function withSet(of: ManagedSet, set: FieldSet): ManagedSet {
  return set.equals(of.set) ? of : { ...of, set, entry: undefined };
}

/** The same manager with another time. */
export function withTime(of: ManagedSet, time: string | undefined): ManagedSet {
  return of.time === time ? of : { ...of, time, entry: undefined };
}

/** True when a client asks to forget all managers: an empty list, or one with a single empty entry. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (entries === undefined) return false;
  return entries.length === 0 || (entries.length === 1 && Object.values(entries[0] as ManagedFieldsEntry).every((v) => v === undefined));
}

/** Field errors of entries that a client wrote; `path` is `metadata.managedFields`. */
export function validateManagedFields(entries: readonly ManagedFieldsEntry[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { operation, fieldsType, manager, subresource }] of entries.entries()) {
    const at = path.index(i);
    if (operation !== "Apply" && operation !== "Update") {
      errors.push(invalidField(at.child("operation"), operation ?? "", "must be `Apply` or `Update`"));
    }
    if (fieldsType !== undefined && fieldsType !== "" && fieldsType !== "FieldsV1") {
      errors.push(invalidField(at.child("fieldsType"), fieldsType, "must be `FieldsV1`"));
    }
    errors.push(...validateFieldManager(manager ?? "", at.child("manager")));
    if (Buffer.byteLength(subresource ?? "") > 256) errors.push(tooLong(at.child("subresource"), 256));
  }
  return errors;
}

const usual = /^[\x20-\x7e]{0,128}$/;

/** Field errors of a manager's name: at most 128 bytes, all printable. */
export function validateFieldManager(manager: string, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (usual.test(manager)) return errors;
  if (Buffer.byteLength(manager) > 128) errors.push(tooLong(path, 128));
  let position = 0;
  for (const character of manager) {
    if (character !== " " && /[\p{C}\p{Z}]/u.test(character)) {
      const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
      errors.push(invalidField(path, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += Buffer.byteLength(character);
  }
  return errors;
}
