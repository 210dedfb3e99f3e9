import { hasReason, notFound } from "../../core/api-error.ts";
import { invalid } from "../../schema/field-error.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import { apiVersionOf } from "../../schema/resource-ref.ts";
import { authorizeAs } from "../pipeline/authorization.ts";
import type { ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry } from "../respond.ts";
import type { ObjectView } from "../resource.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { auditDefaulted } from "./audited-body.ts";
import { type BodyType, decodeBody } from "./body.ts";
import { dedupOwnerReferences, ensureName, ensureNamespace, metadataOf } from "./metadata.ts";
import { managerOf } from "./field-managers.ts";
import { parseWriteOptions, type WriteOptions } from "./options.ts";
import { readView, setManagedFields, trackUpdate, writeViewManagers } from "./ownership.ts";
import { checkUid, createObject, type Successor, updateObject, type ViewWrite } from "./write.ts";

/** What a body of this request is: the object, or the view of a subresource. */
export function bodyTypeOf(scope: Scope): BodyType {
  const view = scope.subresource?.view;
  if (view !== undefined) return { kind: view.kind, apiVersion: apiVersionOf(view), typeName: view.typeName };
  const { served } = scope;
  return { kind: served.definition.kind, apiVersion: served.apiVersion, typeName: served.version.typeName, codec: served.version.codec };
}

export async function update(scope: Scope): Promise<ApiResponse> {
  const negotiated = negotiateObject(scope);
  const options = parseWriteOptions(scope.request.query, "UpdateOptions");
  const manager = managerOf(scope.request, options.fieldManager);
  let next: UnstructuredObject | undefined = await decodeUpdate(scope, options);
  const make = async (current: Entry): Promise<Successor> => {
    // The hooks change the object: another attempt begins from the body again.
    const decoded = next ?? (await decodeUpdate(scope, options));
    next = undefined;
    checkUid(scope, metadataOf(decoded).uid, current, options.dryRun);
    return succeed(scope, current, decoded, manager);
  };
  const missing = async (): Promise<Entry> => {
    if (scope.strategy.allowCreateOnUpdate !== true || scope.subresource !== undefined) throw notFound(scope.about, scope.name);
    return createByUpdate(scope, await decodeUpdate(scope, options), options.dryRun, manager);
  };
  const { entry, created } = await updateOrCreate(scope, options.dryRun, make, missing);
  return respondEntry(scope, entry, created ? 201 : 200, negotiated);
}

async function decodeUpdate(scope: Scope, options: WriteOptions): Promise<UnstructuredObject> {
  const decoded = await decodeBody(scope.request, bodyTypeOf(scope), options.fieldValidation, scope.state.maxBodyBytes);
  if (scope.request.audit?.wantsRequest === true && scope.subresource?.view === undefined) auditDefaulted(scope);
  const meta = metadataOf(decoded);
  ensureNamespace(scope, meta, scope.namespace);
  ensureName(meta, scope.name);
  dedupOwnerReferences(scope, meta, false);
  return decoded;
}

/**
 * The successor that an object at the served version, or a view, makes of the present object. `manager` writes it; without
 * one its managedFields say already who owns what (apply). `untouched`: members that are as they were.
 */
export function succeed(
  scope: Scope,
  current: Entry,
  decoded: UnstructuredObject,
  manager: string | undefined,
  untouched: readonly string[] = [],
): Successor {
  const meta = metadataOf(decoded);
  const conditional = meta.resourceVersion !== undefined && meta.resourceVersion !== "" && meta.resourceVersion !== "0";
  const view = scope.subresource?.view;
  if (view !== undefined) return { object: decoded, conditional, through: writeThrough(scope, view, current, decoded, manager) };
  const object = scope.served.toStorage(decoded);
  scope.strategy.setDefaults?.(object);
  if (manager !== undefined) trackUpdate(scope, current, object, manager, untouched);
  return { object, conditional };
}

function writeThrough(scope: Scope, view: ObjectView, current: Entry, next: UnstructuredObject, manager?: string): ViewWrite {
  const old = readView(view, current);
  if (manager !== undefined) setManagedFields(metadataOf(next), scope.fieldManager().update(old, next, manager));
  const write = (decoded: UnstructuredObject): UnstructuredObject => {
    const object = mutable(current.object());
    const errors = view.write(object, decoded);
    if (errors.length > 0) throw invalid(view, scope.name, errors);
    const { resourceVersion } = metadataOf(decoded);
    // Without a version it is of the object that it meets.
    if (resourceVersion) metadataOf(object).resourceVersion = resourceVersion;
    writeViewManagers(scope, view, object, decoded.metadata?.managedFields);
    scope.strategy.setDefaults?.(object);
    return object;
  };
  return { view, old, write };
}

/** As {@link updateObject}; where somebody else creates meanwhile what `missing` is about to, it is updated after all. */
export async function updateOrCreate(
  scope: Scope,
  dryRun: boolean,
  make: Parameters<typeof updateObject>[2],
  missing: () => Promise<Entry>,
): ReturnType<typeof updateObject> {
  for (;;) {
    let creating = false;
    const create = (): Promise<Entry> => {
      creating = true;
      return missing();
    };
    try {
      return await updateObject(scope, dryRun, make, create);
    } catch (error) {
      const raced = creating && hasReason(error, "AlreadyExists") && scope.storage.cache.get(scope.key) !== undefined;
      if (!raced) throw error;
    }
  }
}

/** An update or an apply of what is not there. */
export async function createByUpdate(
  scope: Scope,
  decoded: UnstructuredObject,
  dryRun: boolean,
  manager: string | undefined,
): Promise<Entry> {
  const object = scope.served.toStorage(decoded);
  // There is nothing that it could be the version of.
  delete metadataOf(object).resourceVersion;
  scope.strategy.setDefaults?.(object);
  if (manager !== undefined) trackUpdate(scope, undefined, object, manager);
  return createObject(scope, object, dryRun, () => authorizeAs(scope.state, scope.request, "create"));
}
