/**
 * Who owns what after a write (KEP-555): an update takes the fields it changes, an apply owns what it names, asks before it
 * takes another's, and removes what it named before, names no longer and nobody else owns.
 */
import { jsonEqual } from "../patch/tree.ts";
import type { Atom } from "./atom.ts";
import { compare, type Comparison, isSame, mapComparison } from "./compare.ts";
import { type Conflict, Conflicts } from "./conflicts.ts";
import { FieldSet } from "./field-set.ts";
import type { FieldFilter } from "./filter.ts";
import { type Managed, type ManagedSet, withSet } from "./managed-fields.ts";
import { merge } from "./merge.ts";
import { reconcileSet, withNamedFields } from "./reconcile.ts";
import { removeItems } from "./remove.ts";
import { toFieldSet } from "./to-field-set.ts";

/** A kind at all its versions. */
export interface VersionedType {
  /** Undefined when the version is not served: its managers are forgotten. */
  atom(apiVersion: string): Atom | undefined;
  /** The object at another served version. */
  convert(object: object, from: string, to: string): object;
  /** What nobody can own, by version. */
  readonly filters?: Readonly<Record<string, FieldFilter>> | undefined;
}

/** What the writer is; its fields are added. */
export type Writer = Omit<ManagedSet, "set" | "applied" | "time" | "entry">;

interface Write {
  readonly type: VersionedType;
  readonly live: object;
  readonly version: string;
}

/** Managers after an update of `live` to `next`, both at `version`; the writer's fields are under `id`. */
export function updateManagers(write: Write, next: object, managed: Managed, id: string, writer: Writer): Managed {
  const before = reconcileManagers(write.type, managed);
  const { managers, comparison } = transfer(write, next, before, id, true);
  const own = managers.get(id)?.set ?? FieldSet.empty;
  const set = own.difference(comparison.removed).union(comparison.modified).union(comparison.added);
  return replace(managers, id, { ...writer, applied: false, set: filtered(write, set), time: undefined });
}

export interface AppliedObject {
  /** Undefined when the apply changed nothing. */
  readonly object: object | undefined;
  readonly managed: Managed;
}

/** Lays `config` over the live object. Throws {@link Conflicts} unless forced. */
export function applyConfig(write: Write, config: object, managed: Managed, id: string, writer: Writer, force: boolean): AppliedObject {
  const { type, live, version } = write;
  const atom = atomOf(type, version);
  const before = reconcileManagers(type, managed);
  const merged = merge(live, config, atom) as object;
  const set = filtered(write, toFieldSet(config, atom));
  const last = before.get(id);
  const managers = new Map(before);
  managers.set(
    id,
    last === undefined ? { ...writer, applied: true, set, time: undefined } : { ...withSet(last, set), ...changedVersion(last, version) },
  );
  const object = prune(write, merged, managers, last, set);
  const { managers: result } = transfer(write, object, managers, id, force);
  return { object: jsonEqual(live, object) ? undefined : object, managed: result };
}

function changedVersion(last: ManagedSet, apiVersion: string): Partial<ManagedSet> {
  return last.apiVersion === apiVersion ? {} : { apiVersion, entry: undefined };
}

function atomOf(type: VersionedType, version: string): Atom {
  const atom = type.atom(version);
  if (atom === undefined) throw new Error(`no type at ${version}`);
  return atom;
}

function filtered({ type, version }: Write, set: FieldSet): FieldSet {
  return type.filters?.[version]?.(set) ?? set;
}

function replace(managed: Managed, id: string, value: ManagedSet): Managed {
  const known = managed.get(id);
  if (known === undefined && value.set.isEmpty) return managed;
  const result = new Map(managed);
  if (value.set.isEmpty) result.delete(id);
  else result.set(id, value);
  return result;
}

function reconcileManagers(type: VersionedType, managed: Managed): Managed {
  let result: Map<string, ManagedSet> | undefined;
  for (const [id, value] of managed) {
    const atom = type.atom(value.apiVersion);
    const set = atom === undefined ? undefined : reconcileSet(value.set, atom);
    if (set === value.set) continue;
    result ??= new Map(managed);
    if (set === undefined) result.delete(id);
    else result.set(id, withSet(value, set));
  }
  return result ?? managed;
}

interface Transfer {
  readonly managers: Managed;
  readonly comparison: Comparison;
}

/** Takes from the other managers what the write changed or removed. */
function transfer(write: Write, next: object, managed: Managed, id: string, force: boolean): Transfer {
  const comparisons = new Map<string, Comparison | undefined>();
  const comparison = compareAt(write, next, write.version) as Comparison;
  comparisons.set(write.version, comparison);
  const conflicts: Conflict[] = [];
  const result = new Map<string, ManagedSet>();
  let same = true;
  for (const [other, value] of managed) {
    if (other === id) {
      if (value.set.isEmpty) same = false;
      else result.set(other, value);
      continue;
    }
    if (!comparisons.has(value.apiVersion)) comparisons.set(value.apiVersion, compareAt(write, next, value.apiVersion));
    const changes = comparisons.get(value.apiVersion);
    const left = changes === undefined ? undefined : leave(other, value, changes, force ? undefined : conflicts);
    if (left !== value) same = false;
    if (left !== undefined && !left.set.isEmpty) result.set(other, left);
  }
  if (conflicts.length > 0) throw new Conflicts(conflicts.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)));
  return { managers: same ? managed : result, comparison };
}

function leave(id: string, owner: ManagedSet, changes: Comparison, conflicts: Conflict[] | undefined): ManagedSet {
  if (isSame(changes)) return owner;
  const taken = owner.set.intersection(changes.modified.union(changes.added));
  if (conflicts !== undefined) taken.forEach((path) => conflicts.push({ id, owner, path: [...path] }));
  return withSet(owner, owner.set.difference(taken).difference(changes.removed));
}

/** The changes as a version sees them; undefined when it is not served. */
function compareAt({ type, live, version }: Write, next: object, at: string): Comparison | undefined {
  const atom = type.atom(at);
  if (atom === undefined) return undefined;
  const [before, after] = at === version ? [live, next] : [type.convert(live, version, at), type.convert(next, version, at)];
  const comparison = compare(before, after, atom);
  const filter = type.filters?.[at];
  return filter === undefined ? comparison : mapComparison(comparison, filter);
}

/** Removes what the applier named last time and does not now (`set`), unless somebody else owns it. */
function prune({ type, version }: Write, merged: object, managers: Managed, last: ManagedSet | undefined, set: FieldSet): object {
  if (last === undefined || last.set.isEmpty) return merged;
  if (last.set.difference(set).isEmpty && inOneVersion(managers, version)) return merged;
  const at = last.apiVersion;
  const atom = type.atom(at);
  if (atom === undefined) return merged;
  const whole = at === version ? merged : type.convert(merged, version, at);
  const named = withNamedFields(last.set, atom);
  let pruned = removeItems(whole, named, atom) as object;
  pruned = addBackOwned(type, whole, pruned, at, managers);
  const prunedSet = withNamedFields(toFieldSet(pruned, atom), atom);
  const mergedSet = withNamedFields(toFieldSet(whole, atom), atom);
  const result = removeItems(whole, mergedSet.difference(prunedSet).intersection(named), atom) as object;
  return at === version ? result : type.convert(result, at, version);
}

/** Then no conversion can lose anything. */
function inOneVersion(managers: Managed, version: string): boolean {
  for (const { apiVersion } of managers.values()) if (apiVersion !== version) return false;
  return true;
}

function addBackOwned(type: VersionedType, merged: object, pruned: object, at: string, managers: Managed): object {
  const owned = new Map<string, FieldSet>();
  for (const { apiVersion, set } of managers.values()) owned.set(apiVersion, (owned.get(apiVersion) ?? FieldSet.empty).union(set));
  // The pruned version first: fields that a conversion needs are back before it happens.
  const versions = [...owned.keys()].sort((a, b) => Number(b === at) - Number(a === at));
  let [whole, left, current] = [merged, pruned, at];
  for (const version of versions) {
    const atom = type.atom(version);
    if (atom === undefined) continue;
    if (version !== current) {
      whole = type.convert(whole, current, version);
      left = type.convert(left, current, version);
      current = version;
    }
    const mergedSet = withNamedFields(toFieldSet(whole, atom), atom);
    const kept = withNamedFields(toFieldSet(left, atom), atom).union(withNamedFields(owned.get(version) ?? FieldSet.empty, atom));
    left = removeItems(whole, mergedSet.difference(kept), atom) as object;
  }
  return current === at ? left : type.convert(left, current, at);
}
