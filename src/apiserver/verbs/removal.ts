/** Deletion of one object: preconditions, grace, finalizers, propagation. */
import { conflict, internalError, notFound } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import type { DeleteOptions, ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { WriteContext } from "../resource.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { lost, objectStorageKey } from "../storage/object-storage.ts";
import { admissionAttributes, admit, validate } from "./admission-run.ts";
import type { DeleteWish } from "./delete-options.ts";
import { metadataOf } from "./metadata.ts";
import { unwritten } from "./write.ts";

const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";

export interface Removal {
  /** The object as it was last, or as it lives on. */
  readonly entry: Entry;
  readonly gone: boolean;
}

/** What becomes of the object: it goes now, it is written back to wait for something, or it waits already. */
type Fate =
  | { readonly type: "remove"; readonly last?: UnstructuredObject }
  | { readonly type: "mark"; readonly object: UnstructuredObject }
  | { readonly type: "waits" };

/** Deletes `name`, again while others change it. `admitted` is kept across attempts. Throws 404 and 409 as upstream does. */
export async function removeObject(scope: Scope, name: string, wish: DeleteWish): Promise<Removal> {
  const key = objectStorageKey(scope.namespace === "" ? "" : scope.namespace, name);
  return removeByKey(scope, key, name, wish);
}

export async function removeByKey(scope: Scope, key: string, name: string, wish: DeleteWish): Promise<Removal> {
  for (;;) {
    const current = await scope.storage.get(key);
    if (current === undefined) throw notFound(scope.about, name);
    const removal = await removeOnce(scope, current, wish);
    if (removal !== lost) return removal;
  }
}

async function removeOnce(scope: Scope, current: Entry, { options, dryRun }: DeleteWish): Promise<Removal | typeof lost> {
  const old = current.object();
  const { name } = current;
  checkPreconditions(scope, current, old, options);
  const context: WriteContext = { ...scope.context(name, dryRun), namespace: current.namespace };
  // Of a collection the request names nothing, and so neither does admission.
  const at = { name: scope.name, namespace: deleteNamespace(scope, current), dryRun, deleteOptions: options };
  const attributes = admissionAttributes(scope, "DELETE", at, undefined, old);
  await admit(scope, attributes);
  await validate(scope, attributes);
  const fate = decide(scope, context, old, { ...options });
  if (fate.type === "waits") return { entry: current, gone: false };
  if (fate.type === "mark") {
    if (dryRun) return { entry: unwritten(scope, current.key, current.revision, fate.object), gone: false };
    const entry = await scope.storage.replace(current, fate.object);
    return entry === lost ? lost : { entry, gone: false };
  }
  if (dryRun) return { entry: fate.last === undefined ? current : unwritten(scope, current.key, current.revision, fate.last), gone: true };
  const entry = await scope.storage.remove(current, fate.last);
  if (entry === lost) return lost;
  await scope.definition.strategy.afterDelete?.(context, old);
  return { entry, gone: true };
}

function deleteNamespace(scope: Scope, current: Entry): string {
  return scope.definition.group === "" && scope.definition.resource === "namespaces" ? current.name : current.namespace;
}

function checkPreconditions(scope: Scope, current: Entry, old: UnstructuredObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const about = { group: scope.definition.group, resource: scope.definition.kind };
  const meta = metadataOf(old);
  if (uid !== undefined && uid !== meta.uid) {
    throw conflict(
      about,
      current.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${meta.uid ?? ""}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== String(current.revision)) {
    throw conflict(
      about,
      current.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.revision}). The object might have been modified`,
    );
  }
}

/** `options` is a copy that the kind may change. */
function decide(scope: Scope, context: WriteContext, old: UnstructuredObject, options: DeleteOptions): Fate {
  const object = mutable(old);
  const meta = metadataOf(object);
  if (options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0) options.gracePeriodSeconds = 1;
  const grace = decideGrace(scope, context, object, options);
  if (grace === "pending") return { type: "waits" };
  const finalizers = finalizersFor(scope, context, meta, options);
  if (finalizers.length > 0) meta.finalizers = finalizers;
  else delete meta.finalizers;
  const held = finalizers.length > 0 || scope.definition.strategy.holdsDeletion?.(object) === true;
  if (grace === "graceful") {
    if (!held && options.gracePeriodSeconds === 0) return { type: "remove", last: object };
    scope.definition.strategy.markDeleted?.(context, object);
    return { type: "mark", object };
  }
  if (!held) return { type: "remove" };
  markDeleting(context, meta);
  scope.definition.strategy.markDeleted?.(context, object);
  return { type: "mark", object };
}

/** Sets the time of deletion on `object` where the kind wants its objects to end in grace. */
function decideGrace(
  scope: Scope,
  context: WriteContext,
  object: UnstructuredObject,
  options: DeleteOptions,
): "graceful" | "pending" | "at-once" {
  const { strategy } = scope.definition;
  if (strategy.checkGracefulDelete === undefined) return "at-once";
  const meta = metadataOf(object);
  if (meta.deletionTimestamp !== undefined) return shortenGrace(context, meta, options);
  if (!strategy.checkGracefulDelete(context, object, options)) return "at-once";
  if (options.gracePeriodSeconds === undefined) throw internalError("options.GracePeriodSeconds should not be nil");
  meta.deletionTimestamp = formatTime(context.now + options.gracePeriodSeconds * 1000);
  meta.deletionGracePeriodSeconds = options.gracePeriodSeconds;
  if ((meta.generation ?? 0) > 0) meta.generation = (meta.generation ?? 0) + 1;
  return "graceful";
}

/** The object is being deleted already: a shorter grace counts from the first request, a longer one does not count. */
function shortenGrace(context: WriteContext, meta: ObjectMeta, options: DeleteOptions): "graceful" | "pending" | "at-once" {
  const before = meta.deletionGracePeriodSeconds ?? 0;
  if (before === 0) return "at-once";
  const period = options.gracePeriodSeconds;
  if (period === undefined || period >= before) return "pending";
  const asked = Date.parse(meta.deletionTimestamp as string) - before * 1000 + period * 1000;
  const passed = asked < context.now;
  meta.deletionTimestamp = formatTime(passed ? context.now : asked);
  meta.deletionGracePeriodSeconds = passed && period !== 0 ? 1 : period;
  options.gracePeriodSeconds = meta.deletionGracePeriodSeconds;
  return "graceful";
}

function markDeleting(context: WriteContext, meta: ObjectMeta): void {
  const marked = meta.deletionTimestamp;
  if (marked === undefined || Date.parse(marked) > context.now) meta.deletionTimestamp = formatTime(context.now);
  if (marked === undefined && (meta.generation ?? 0) > 0) meta.generation = (meta.generation ?? 0) + 1;
  meta.deletionGracePeriodSeconds = 0;
}

/** The finalizers with those of the propagation policy, which the garbage collector acts on. */
function finalizersFor(scope: Scope, context: WriteContext, meta: ObjectMeta, options: DeleteOptions): string[] {
  const present = meta.finalizers ?? [];
  const fallback = scope.definition.strategy.defaultGarbageCollection?.(context) ?? "background";
  const others = present.filter((f) => f !== orphanFinalizer && f !== foregroundFinalizer);
  if (fallback === "none") return others;
  let policy: "orphan" | "foreground" | "background";
  if (options.orphanDependents !== undefined) policy = options.orphanDependents ? "orphan" : "background";
  else if (options.propagationPolicy !== undefined) policy = options.propagationPolicy.toLowerCase() as typeof policy;
  else if (present.includes(orphanFinalizer)) policy = "orphan";
  else if (present.includes(foregroundFinalizer)) policy = "foreground";
  else policy = fallback;
  if (policy === "orphan") others.push(orphanFinalizer);
  else if (policy === "foreground") others.push(foregroundFinalizer);
  return others;
}
