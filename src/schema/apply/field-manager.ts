/** The managed fields of one resource (or one of its subresources) over its writes. See README.md for who calls it when. */
import { formatTime } from "../../core/clock.ts";
import { ApiError, badRequest, isApiError } from "../../core/api-error.ts";
import type { UnstructuredObject } from "../object.ts";
import { jsonEqual } from "../patch/tree.ts";
import type { ManagedFieldsEntry, ObjectMeta } from "../types/meta-v1.ts";
import { Conflicts, conflictError } from "./conflicts.ts";
import { FieldSet } from "./field-set.ts";
import { capUpdateManagers } from "./cap-managers.ts";
import { allowedByLastApplied, withLastApplied } from "./last-applied.ts";
import { TypedError } from "./list-item.ts";
import {
  decodeManagedFields,
  encodeManagedFields,
  isReset,
  type Managed,
  type ManagedSet,
  managerId,
  nothingManaged,
  withSet,
  withTime,
} from "./managed-fields.ts";
import { applyConfig, type VersionedType, updateManagers, type Writer } from "./updater.ts";
import { typeFaults } from "./validate.ts";

export interface FieldManagerOptions {
  readonly type: VersionedType;
  /** The version that requests are made in, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for the object itself. */
  readonly subresource?: string | undefined;
  /** A new object of the kind without content, in the shape its version has in memory (a built-in struct is never absent). */
  readonly empty: UnstructuredObject;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface FieldManager {
  /** What a new object is made from: the `live` of a create. */
  readonly empty: UnstructuredObject;
  /**
   * The managedFields of `next`, which is what a create, update or patch makes of `live` (the kind's empty object on create),
   * defaulted, before admission. Never throws: managers are forgotten where the object cannot be understood. When nothing
   * changed hands the answer is the very list of `live`. Undefined: none.
   */
  update(live: UnstructuredObject, next: UnstructuredObject, manager: string): readonly ManagedFieldsEntry[] | undefined;
  /**
   * Lays an applied configuration over `live`. The object still has to be normalised and defaulted. Throws ApiError: 409
   * with a cause for each conflict, 400 for a wrong version or managedFields in the configuration, 500 where it does not fit
   * the type.
   */
  apply(live: UnstructuredObject, config: UnstructuredObject, manager: string, force: boolean): UnstructuredObject;
}

/** What an object never tells of itself through managedFields. */
const neverOwned = FieldSet.fromFields(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"].map(
    (field) => ["metadata", field],
  ),
);

/** The manager of a write while it is not known whether it changes anything. */
const current = "current-operation";

export function fieldManager(options: FieldManagerOptions): FieldManager {
  const { type, apiVersion, subresource = "" } = options;
  const writer = (manager: string, operation: string): Writer => ({
    manager: manager === "" ? "unknown" : manager,
    operation,
    apiVersion,
    subresource,
  });
  const time = (): string => formatTime(options.now());

  const update = (live: UnstructuredObject, next: UnstructuredObject, managed: Managed, manager: string): Managed => {
    const who = writer(manager, "Update");
    const result = updateManagers({ type, live, version: apiVersion }, next, managed, current, who);
    return capUpdateManagers(settle(result, who, time));
  };

  const apply = (
    live: UnstructuredObject,
    config: UnstructuredObject,
    managed: Managed,
    manager: string,
    force: boolean,
  ): UnstructuredObject => {
    const who = writer(manager, "Apply");
    const id = managerId(who);
    const applied = applyConfig({ type, live, version: apiVersion }, config, managed, id, who, force);
    const mine = kept(stripped(applied.managed, id), managed, id);
    const stamped = applied.object === undefined ? mine : withEntry(mine, id, time());
    return withManagedFields((applied.object ?? live) as UnstructuredObject, encodeManagedFields(stamped));
  };

  return {
    empty: options.empty,
    update: (live, next, manager) => {
      const entries = live.metadata?.managedFields;
      try {
        const managed = managedOf(live, next, subresource !== "");
        // Objects from before managers were tracked stay so until somebody applies.
        if (managed.size === 0 && live.metadata?.uid) return undefined;
        const result = update(withManagedFields(live, undefined), withManagedFields(next, undefined), managed, manager);
        if (entries !== undefined && unchanged(result, entries)) return entries;
        return encodeManagedFields(result);
      } catch (error) {
        if (error instanceof TypedError || isApiError(error)) return undefined;
        throw error;
      }
    },
    apply: (live, config, manager, force) => {
      checkConfig(options, config);
      const tracked = startTracking(options, live, update);
      const bare = withManagedFields(live, undefined);
      let result: UnstructuredObject;
      try {
        result = forgiving(options, bare, manager, force, (forced) => apply(bare, config, tracked, manager, forced));
      } catch (error) {
        throw error instanceof Conflicts ? conflictError(error.conflicts) : error;
      }
      return manager === "kubectl" ? withLastApplied(result, config) : result;
    },
  };
}

/** The managers of a live object; of one without any, whoever made it is `before-first-apply`. */
function startTracking(
  { empty }: FieldManagerOptions,
  live: UnstructuredObject,
  update: (live: UnstructuredObject, next: UnstructuredObject, managed: Managed, manager: string) => Managed,
): Managed {
  let managed: Managed;
  try {
    managed = decodeManagedFields(live.metadata?.managedFields);
  } catch (error) {
    throw new ApiError(500, "", `failed to decode managed fields: ${(error as Error).message}`);
  }
  if (managed.size > 0) return managed;
  return update(empty, withManagedFields(live, undefined), nothingManaged, "before-first-apply");
}

/** kubectl may take what its own client-side apply set. */
function forgiving(
  { type, apiVersion }: FieldManagerOptions,
  live: UnstructuredObject,
  manager: string,
  force: boolean,
  apply: (force: boolean) => UnstructuredObject,
): UnstructuredObject {
  try {
    return apply(force);
  } catch (error) {
    if (!(error instanceof Conflicts) || manager !== "kubectl") throw error;
    const allowed = allowedByLastApplied(live, apiVersion, type.atom(apiVersion));
    if (allowed === undefined) throw error;
    if (error.toSet().difference(allowed).isEmpty) return apply(true);
    throw new Conflicts(error.conflicts.filter((c) => !allowed.has(c.path)));
  }
}

function checkConfig({ type, apiVersion, kind }: FieldManagerOptions, config: UnstructuredObject): void {
  if (config.apiVersion !== apiVersion || config.kind !== kind) {
    const text = (value: unknown): string => (typeof value === "string" ? value : "");
    throw badRequest(`invalid object type: ${printKind(text(config.apiVersion), text(config.kind))}`);
  }
  if (config.metadata?.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  const atom = type.atom(apiVersion);
  const faults = atom === undefined ? undefined : typeFaults(config, atom);
  if (faults === undefined) return;
  const { namespace = "", name = "" } = config.metadata ?? {};
  const what = `${namespace}/${name}; ${printKind(apiVersion, kind)}`;
  throw new ApiError(500, "", `failed to create typed patch object (${what}): ${faults}`);
}

/** As Go prints a kind; the core group's is empty. */
function printKind(apiVersion: string, kind: string): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** Where the managers of an update come from: the request may write them itself, but not through a subresource. */
function managedOf(live: UnstructuredObject, next: UnstructuredObject, ignoreRequest: boolean): Managed {
  const written = next.metadata?.managedFields;
  if (!ignoreRequest) {
    if (isReset(written)) return nothingManaged;
    const known = live.metadata?.managedFields;
    // Most clients send back what they were given.
    if (known !== undefined && jsonEqual(written, known)) return decodedOrNone(known);
    const managed = decodedOrNone(written);
    if (managed.size > 0) return asKnown(managed, known);
  }
  return decodedOrNone(live.metadata?.managedFields);
}

/** Entries that a client sends back as it got them are the ones that are there already: nothing is encoded anew for them. */
function asKnown(managed: Managed, entries: readonly ManagedFieldsEntry[] | undefined): Managed {
  const known = decodedOrNone(entries);
  let result: Map<string, ManagedSet> | undefined;
  for (const [id, value] of managed) {
    const other = known.get(id);
    if (other === undefined || other.time !== value.time || other.apiVersion !== value.apiVersion || !other.set.equals(value.set)) continue;
    (result ??= new Map(managed)).set(id, other);
  }
  return result ?? managed;
}

function decodedOrNone(entries: readonly ManagedFieldsEntry[] | undefined): Managed {
  try {
    return decodeManagedFields(entries);
  } catch {
    // Upstream starts afresh where entries cannot be read.
    return nothingManaged;
  }
}

/** Gives what the write took to its manager, with the time; forgets what is never owned. */
function settle(managed: Managed, who: Writer, time: () => string): Managed {
  const own = stripped(managed, current).get(current);
  if (own === undefined && !managed.has(current)) return managed;
  const result = new Map(managed);
  result.delete(current);
  if (own === undefined) return result;
  const id = managerId(who);
  const set = own.set.union(result.get(id)?.set ?? FieldSet.empty);
  result.set(id, { ...own, set, time: time() });
  return result;
}

function stripped(managed: Managed, id: string): Managed {
  const own = managed.get(id);
  if (own === undefined) return managed;
  const set = own.set.difference(neverOwned);
  if (set === own.set) return managed;
  const result = new Map(managed);
  if (set.isEmpty) result.delete(id);
  else {
    // A set that the strip brings back to what was read keeps its entry.
    result.set(id, withSet(own, set));
  }
  return result;
}

/** An applier that names what it named before keeps its entry. */
function kept(managed: Managed, before: Managed, id: string): Managed {
  const [own, last] = [managed.get(id), before.get(id)];
  if (own === undefined || last === undefined || own === last) return managed;
  if (own.apiVersion !== last.apiVersion || !own.set.equals(last.set)) return managed;
  return new Map(managed).set(id, last);
}

function withEntry(managed: Managed, id: string, time: string): Managed {
  const own = managed.get(id);
  return own === undefined ? managed : new Map(managed).set(id, withTime(own, time));
}

function unchanged(managed: Managed, entries: readonly ManagedFieldsEntry[]): boolean {
  if (managed.size !== entries.length) return false;
  let i = 0;
  for (const value of managed.values()) if ((value as ManagedSet).entry !== entries[i++]) return false;
  return true;
}

/** The object with other managedFields; nothing else is copied. */
export function withManagedFields(
  object: UnstructuredObject,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): UnstructuredObject {
  const { metadata } = object;
  if (metadata === undefined ? managedFields === undefined : metadata.managedFields === managedFields) return object;
  const rest: ObjectMeta = { ...metadata };
  delete rest.managedFields;
  if (managedFields !== undefined) rest.managedFields = [...managedFields];
  return { ...object, metadata: rest };
}
