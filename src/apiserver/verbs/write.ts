/** What create, update and patch have in common: the hooks in their order, and the commit. */
import { alreadyExists, ApiError, conflict } from "../../core/api-error.ts";
import { invalid } from "../../schema/field-error.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { sameWishes } from "../json-equal.ts";
import { type Finish, type ObjectView, withConversions, type WriteContext } from "../resource.ts";
import type { Scope } from "../scope.ts";
import { encodeStored, Entry } from "../storage/entry.ts";
import { isTooLarge, lost, objectStorageKey } from "../storage/object-storage.ts";
import { admissionAttributes, admit, validate } from "./admission-run.ts";
import { dedupOwnerReferences, dropUnsupported, ensureNamespace, fillSystemFields, generateName, metadataOf } from "./metadata.ts";
import { checkAdmitted, keepTimes } from "./ownership.ts";

export const optimisticLock = "the object has been modified; please apply your changes to the latest version and try again";

/** An entry that is in no cache: what a dry run would have written. */
export function unwritten(scope: Scope, key: string, revision: number, object: UnstructuredObject): Entry {
  const { resourceVersion, ...metadata } = object.metadata ?? {};
  const value = encodeStored({ ...object, metadata: metadata as never });
  void scope;
  return new Entry(key, revision, value, undefined, (bytes) => {
    const read = JSON.parse(Buffer.from(bytes).toString()) as UnstructuredObject;
    // A dry create has no revision: what the client called its version is answered as it came.
    if (revision === 0 && resourceVersion && read.metadata) read.metadata.resourceVersion = resourceVersion;
    return read;
  });
}

function withFinish(finish: Finish | undefined, success: boolean): Promise<void> | void {
  return finish?.(success);
}

/**
 * Brings a decoded object of the storage version into the store. It has gone through defaults; its metadata belongs to the
 * client still, but for system fields. `authorize` comes where upstream asks whether an update may create. `mutated`: mutating admission has run (an update that creates).
 */
export async function createObject(
  scope: Scope,
  object: UnstructuredObject,
  dryRun: boolean,
  authorize?: () => Promise<void>,
): Promise<Entry> {
  const meta = metadataOf(object);
  const attributes = admissionAttributes(
    scope,
    "CREATE",
    { name: meta.name ?? "", namespace: admissionNamespace(scope, meta.name), dryRun },
    object,
    undefined,
  );
  const { managedFields } = meta;
  await admit(scope, attributes);
  checkAdmitted(scope, object, managedFields);
  dedupOwnerReferences(scope, metadataOf(object), true);
  for (let attempt = 1; ; attempt++) {
    const generated = isGenerated(object);
    const entry = await createOnce(scope, object, dryRun, authorize);
    if (entry !== lost) return entry;
    const name = metadataOf(object).name as string;
    if (!generated) throw existsAlready(scope, name);
    if (attempt === 8) throw generateNameConflict(scope, name);
    metadataOf(object).name = "";
  }
}

/** A namespace is admitted into itself. */
function admissionNamespace(scope: Scope, name: string | undefined): string | undefined {
  return scope.definition.resource === "namespaces" && scope.definition.group === "" ? (name ?? "") : undefined;
}

function isGenerated(object: UnstructuredObject): boolean {
  const { name, generateName: base } = metadataOf(object);
  return (name === undefined || name === "") && base !== undefined && base !== "";
}

async function createOnce(
  scope: Scope,
  object: UnstructuredObject,
  dryRun: boolean,
  authorize: (() => Promise<void>) | undefined,
): Promise<Entry | typeof lost> {
  const { strategy } = scope;
  const meta = metadataOf(object);
  fillSystemFields(scope, meta);
  if (isGenerated(object)) meta.name = generateName(meta.generateName as string);
  const context = scope.context(meta.name ?? "", dryRun);
  ensureNamespace(scope, meta, scope.namespace);
  // Kinds that count generations begin themselves; with the others it stays what the client said.
  if (strategy.generation === true) meta.generation = 1;
  strategy.prepareForCreate?.(context, object);
  const errors = strategy.validateCreate?.(context, object);
  if (errors !== undefined && errors.length > 0) throw invalid(kindOf(scope), meta.name ?? "", errors);
  addWarnings(scope, strategy.warnings?.(context, object, undefined));
  const name = meta.name as string;
  if (authorize !== undefined) await authorize();
  await validate(
    scope,
    admissionAttributes(scope, "CREATE", { name, namespace: admissionNamespace(scope, name), dryRun }, object, undefined),
  );

  let finish: Finish | undefined;
  let success = false;
  try {
    finish = await strategy.beginCreate?.(context, object);
    const entry = await commitCreate(scope, object, dryRun);
    success = entry !== lost;
    return entry;
  } finally {
    await withFinish(finish, success);
  }
}

async function commitCreate(scope: Scope, object: UnstructuredObject, dryRun: boolean): Promise<Entry | typeof lost> {
  const meta = metadataOf(object);
  const key = objectStorageKey(scope.namespace, meta.name as string);
  if (!dryRun) {
    // A version that is no number passes, and is forgotten; a dry run does not look at it at all.
    if (/^0*[1-9]\d*$/.test(meta.resourceVersion ?? "")) {
      throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
    }
    delete meta.resourceVersion;
    const ttl = scope.definition.strategy.ttlSeconds?.(object);
    return sparingManagers(object, () => scope.storage.create(key, object, ttl));
  }
  return (await scope.storage.get(key)) === undefined ? unwritten(scope, key, 0, object) : lost;
}

/** An object that is too large with its managedFields is written without. */
async function sparingManagers<T>(object: UnstructuredObject, write: () => Promise<T> | T): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const meta = metadataOf(object);
    if (!isTooLarge(error) || meta.managedFields === undefined) throw error;
    delete meta.managedFields;
    return write();
  }
}

/** What validation speaks of: the kind as it is stored. */
function kindOf({ definition }: Scope): { group: string; kind: string } {
  return { group: definition.storageGroup ?? definition.group, kind: definition.kind };
}

export function addWarnings(scope: Scope, warnings: readonly string[] | undefined): void {
  if (warnings !== undefined) for (const warning of warnings) scope.request.warnings.push(warning);
}

function existsAlready(scope: Scope, name: string): ApiError {
  const error = alreadyExists(scope.about, name);
  const existing = scope.storage.cache.get(objectStorageKey(scope.namespace, name));
  if (existing?.peek().metadata?.deletionTimestamp === undefined) return error;
  return new ApiError(error.code, error.reason, `object is being deleted: ${error.message}`, error.details);
}

function generateNameConflict(scope: Scope, name: string): ApiError {
  const { message, details } = alreadyExists(scope.about, name);
  return new ApiError(409, "AlreadyExists", `${message}, the server was not able to generate a unique name for the object`, {
    ...details,
    retryAfterSeconds: 1,
  });
}

/** An object that is to follow `current`. Called again when someone else wrote meanwhile. */
export interface Successor {
  readonly object: UnstructuredObject;
  /** Somebody else's write in between is a conflict, not a reason to try again. */
  readonly conditional: boolean;
  /** Set: `object` is the view of a subresource, which is admitted as such and then written into the object. */
  readonly through?: ViewWrite | undefined;
}

/** How the view of a subresource gets into the object that it is drawn from. */
export interface ViewWrite {
  readonly view: ObjectView;
  readonly old: UnstructuredObject;
  /** The object with the view's wishes, mutable. Throws what is wrong with them. */
  write(view: UnstructuredObject): UnstructuredObject;
}

/**
 * Reads, lets `make` draw the successor from the present entry, sends it through the hooks and writes it, again and again
 * while others are faster. `make` gives an object of the storage version, defaulted, mutating admission still to come.
 */
export async function updateObject(
  scope: Scope,
  dryRun: boolean,
  make: (current: Entry) => Promise<Successor> | Successor,
  missing: () => Promise<Entry>,
): Promise<{ entry: Entry; created: boolean }> {
  for (;;) {
    const fresh = scope.storage.fresh();
    if (fresh !== undefined) await fresh;
    const current = scope.storage.cache.get(scope.key);
    if (current === undefined) return { entry: await missing(), created: true };
    const successor = scope.definition.converter === undefined ? await make(current) : await withConversions(() => make(current));
    const entry = await updateOnce(scope, current, successor, dryRun);
    if (entry !== lost) return { entry, created: false };
    if (successor.conditional) throw conflict(scope.about, scope.name, optimisticLock);
  }
}

async function updateOnce(scope: Scope, current: Entry, successor: Successor, dryRun: boolean): Promise<Entry | typeof lost> {
  const { strategy } = scope;
  const { through } = successor;
  const old = scope.served.inShape(current.object(), current.revision);
  const { name } = scope;
  const place = { name, namespace: admissionNamespace(scope, name), dryRun, kind: through?.view };
  const attributes = admissionAttributes(scope, "UPDATE", place, successor.object, through?.old ?? old);
  const managedFields = successor.object.metadata?.managedFields;
  await admit(scope, attributes);
  checkAdmitted(scope, successor.object, managedFields);
  const object = through === undefined ? successor.object : through.write(successor.object);
  const meta = metadataOf(object);
  dedupOwnerReferences(scope, meta, true);
  checkVersion(scope, meta.resourceVersion, current);
  // An update without a version is of the one that it meets: validation asks for it.
  meta.resourceVersion = String(current.revision);
  const context = scope.context(name, dryRun);
  beforeUpdate(scope, context, object, old);
  keepTimes(object, old);
  const shown = through?.view.read(object) as UnstructuredObject | undefined;
  await validate(scope, shown === undefined ? attributes : admissionAttributes(scope, "UPDATE", place, shown, through?.old));
  if (isReleased(scope, object, old)) return removeReleased(scope, current, object, dryRun);
  let finish: Finish | undefined;
  let success = false;
  try {
    finish = await strategy.beginUpdate?.(context, object, old);
    if (dryRun) return unwritten(scope, current.key, current.revision, object);
    const ttl = scope.definition.strategy.ttlSeconds?.(object);
    const entry = await sparingManagers(object, () => scope.storage.replace(current, object, ttl));
    success = entry !== lost;
    return entry;
  } finally {
    await withFinish(finish, success);
  }
}

/** Optimistic locking. */
function checkVersion(scope: Scope, version: string | undefined, current: Entry): void {
  if (version === undefined || version === "" || version === "0") {
    if (scope.strategy.allowUnconditionalUpdate !== false) return;
    throw invalid({ group: scope.definition.group, kind: scope.definition.resource }, scope.name, [
      { type: "FieldValueInvalid", field: "metadata.resourceVersion", body: "Invalid value: 0: must be specified for an update" },
    ]);
  }
  if (!/^\d+$/.test(version)) throw new ApiError(500, "", `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
  if (version !== String(current.revision)) throw conflict(scope.about, scope.name, optimisticLock);
}

function beforeUpdate(scope: Scope, context: WriteContext, object: UnstructuredObject, old: UnstructuredObject): void {
  const { strategy } = scope;
  const meta = metadataOf(object);
  const oldMeta = metadataOf(old);
  ensureNamespace(scope, meta, scope.namespace);
  // The store drops it: a dry run answers it.
  if (!context.dryRun) dropUnsupported(meta);
  if (oldMeta.generation === undefined) delete meta.generation;
  else meta.generation = oldMeta.generation;
  strategy.prepareForUpdate?.(context, object, old);
  if (strategy.generation === true && !sameWishes(object, old)) meta.generation = (oldMeta.generation ?? 0) + 1;
  if (meta.uid === undefined || meta.uid === "") meta.uid = oldMeta.uid as string;
  if (oldMeta.creationTimestamp !== undefined) meta.creationTimestamp = oldMeta.creationTimestamp;
  if (oldMeta.deletionTimestamp !== undefined) meta.deletionTimestamp = oldMeta.deletionTimestamp;
  if (oldMeta.deletionGracePeriodSeconds !== undefined && meta.deletionGracePeriodSeconds === undefined) {
    meta.deletionGracePeriodSeconds = oldMeta.deletionGracePeriodSeconds;
  }
  const errors = strategy.validateUpdate?.(context, object, old);
  if (errors !== undefined && errors.length > 0) throw invalid(kindOf(scope), meta.name ?? "", errors);
  addWarnings(scope, strategy.warnings?.(context, object, old));
}

/** The last finalizer has gone from an object whose deletion waited for it. */
function isReleased(scope: Scope, object: UnstructuredObject, old: UnstructuredObject): boolean {
  const oldMeta = metadataOf(old);
  if (oldMeta.deletionTimestamp === undefined || (metadataOf(object).finalizers?.length ?? 0) > 0) return false;
  if (scope.definition.strategy.holdsDeletion?.(object) === true) return false;
  return (oldMeta.deletionGracePeriodSeconds ?? 0) === 0;
}

async function removeReleased(scope: Scope, current: Entry, object: UnstructuredObject, dryRun: boolean): Promise<Entry | typeof lost> {
  if (!dryRun) {
    const removed = await scope.storage.remove(current);
    if (removed === lost) return lost;
    await scope.definition.strategy.afterDelete?.(scope.context(scope.name, false), object);
  }
  return unwritten(scope, current.key, current.revision, object);
}

/** The UID that an update names must be the stored one. A dry run tells the key without where the store keeps all. */
export function checkUid(scope: Scope, uid: string | undefined, current: Entry, dryRun: boolean): void {
  const stored = current.peek().metadata?.uid;
  const { prefix } = scope.storage.cache;
  if (uid === undefined || uid === "" || uid === stored) return;
  throw conflict(
    scope.about,
    scope.name,
    `StorageError: invalid object, Code: 4, Key: ${dryRun ? prefix.replace(/^\/registry/, "") : prefix}${current.key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored ?? ""}`,
  );
}
