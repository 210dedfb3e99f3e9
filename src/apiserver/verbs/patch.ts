import { ApiError, conflict, notFound } from "../../core/api-error.ts";
import { encodeJson, type FieldValidation } from "../../schema/codec.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import { applyPatch, decodePatch, type DecodedPatch, type PatchedObject, type PatchType } from "../../schema/patch/apply-patch.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { type Negotiated, unsupportedMediaType } from "../encoding/negotiation.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry } from "../respond.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { applied, readConfiguration } from "./apply.ts";
import { type BodyType, tooLarge } from "./body.ts";
import { managerOf } from "./field-managers.ts";
import { ensureName, ensureNamespace, metadataOf } from "./metadata.ts";
import { parseWriteOptions, type WriteOptions } from "./options.ts";
import { readView, setManagedFields } from "./ownership.ts";
import { bodyTypeOf, createByUpdate, succeed, updateOrCreate } from "./update.ts";
import { type Successor, updateObject } from "./write.ts";

const patchTypes: Readonly<Record<string, PatchType | "apply">> = {
  "application/json-patch+json": "json-patch",
  "application/merge-patch+json": "merge-patch",
  "application/strategic-merge-patch+json": "strategic-merge-patch",
  "application/apply-patch+yaml": "apply",
};
const builtinTypes = Object.keys(patchTypes);
const customTypes = builtinTypes.filter((type) => patchTypes[type] !== "strategic-merge-patch");

export async function patch(scope: Scope): Promise<ApiResponse> {
  const { request } = scope;
  const type = bodyTypeOf(scope);
  const patchType = patchTypeOf(request, type);
  const negotiated = negotiateObject(scope);
  const options = parseWriteOptions(request.query, "PatchOptions", patchType === "apply");
  if (patchType === "apply") return apply(scope, type, options, negotiated);
  const { dryRun, fieldValidation } = options;
  const manager = managerOf(request, options.fieldManager);
  const read = readPatch(request, patchType, fieldValidation, scope.state.maxBodyBytes);
  let warned = false;
  const make = (current: Entry): Successor => {
    const { object, problems, untouched } = patchObject(documentOf(scope, current), read, type, fieldValidation);
    // Another attempt would say the same again.
    if (!warned) request.warnings.push(...problems);
    warned = true;
    return successor(scope, current, object, manager, untouched);
  };
  const missing = (): Promise<Entry> => Promise.reject(notFound(scope.about, scope.name));
  const { entry } = await updateObject(scope, dryRun, make, missing);
  return respondEntry(scope, entry, 200, negotiated);
}

async function apply(scope: Scope, type: BodyType, options: WriteOptions, negotiated: Negotiated): Promise<ApiResponse> {
  const { request } = scope;
  const body = bodyOf(request, scope.state.maxBodyBytes);
  const config = await readConfiguration(request, body, options.fieldValidation);
  request.audit?.requestPatch(config.object);
  let warned = false;
  const make = (live: UnstructuredObject | undefined): UnstructuredObject => {
    const object = applied(scope, live, config, type, options);
    if (!warned) request.warnings.push(...config.problems);
    warned = true;
    return object;
  };
  const next = (current: Entry): Successor => successor(scope, current, make(documentOf(scope, current)));
  const missing = async (): Promise<Entry> => {
    // There is no view of what is not there.
    if (scope.subresource?.view !== undefined) throw notFound(scope.about, scope.name);
    const object = make(undefined);
    const meta = metadataOf(object);
    if (meta.uid) {
      const why = `uid mismatch: the provided object specified uid ${meta.uid}, and no existing object was found`;
      throw conflict(scope.about, scope.name, why);
    }
    checkPlace(scope, meta);
    if (scope.subresource !== undefined) throw notFound(scope.about, scope.name);
    return createByUpdate(scope, object, options.dryRun, undefined);
  };
  const { entry, created } = await updateOrCreate(scope, options.dryRun, next, missing);
  return respondEntry(scope, entry, created ? 201 : 200, negotiated);
}

function successor(scope: Scope, current: Entry, object: UnstructuredObject, manager?: string, untouched?: readonly string[]): Successor {
  const meta = metadataOf(object);
  checkPlace(scope, meta);
  const conditional = meta.resourceVersion !== String(current.revision);
  return { ...succeed(scope, current, object, manager, untouched), conditional };
}

function checkPlace(scope: Scope, meta: ObjectMeta): void {
  ensureNamespace(scope, meta, scope.namespace);
  ensureName(meta, scope.name);
}

function patchTypeOf(request: ApiRequest, type: BodyType): PatchType | "apply" {
  const header = (request.headers["content-type"] as string | undefined) ?? "";
  const end = header.indexOf(";");
  const mediaType = end > 0 ? header.slice(0, end) : header;
  const accepted = type.codec === undefined ? builtinTypes : customTypes;
  if (accepted.includes(mediaType)) return patchTypes[mediaType] as PatchType | "apply";
  // Upstream's router refuses what no route takes; custom resources have no router.
  if (type.codec === undefined) throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  throw unsupportedMediaType(accepted);
}

function bodyOf(request: ApiRequest, limit: number): Uint8Array {
  const body = request.body ?? new Uint8Array(0);
  if (body.length > limit) throw tooLarge(limit);
  return body;
}

/** What the patch is applied to: the object at the served version, or the subresource's view of it. Not to be changed. */
function documentOf(scope: Scope, current: Entry): UnstructuredObject {
  const view = scope.subresource?.view;
  return view === undefined ? current.servedObject(scope.served) : readView(view, current);
}

function readPatch(request: ApiRequest, type: PatchType, validation: FieldValidation, limit: number): DecodedPatch {
  request.audit?.requestPatch(request.object ?? bodyOf(request, limit));
  if (request.object !== undefined) {
    if (Array.isArray(request.object) || type !== "json-patch") return { type, content: request.object, problems: [] };
    return decodePatch(type, encodeJson(request.object), validation);
  }
  return decodePatch(type, bodyOf(request, limit), validation);
}

/** The patched document, mutable and the caller's own. */
function patchObject(document: UnstructuredObject, read: DecodedPatch, type: BodyType, validation: FieldValidation): PatchedObject {
  if (type.codec === undefined) {
    const patched = applyPatch(document, read, type.typeName, validation);
    return { ...patched, object: own(patched.object, type) };
  }
  const { object, problems, untouched } = applyPatch(document, read, undefined, validation);
  const { managedFields, ...metadata } = object.metadata ?? {};
  const same = managedFields !== undefined && managedFields === document.metadata?.managedFields;
  const shaped = type.codec.normalize(same ? { ...object, metadata } : object, validation);
  shaped.object.kind = type.kind;
  shaped.object.apiVersion = type.apiVersion;
  if (same) setManagedFields(metadataOf(shaped.object), managedFields);
  return { object: shaped.object, problems: [...problems, ...shaped.problems], untouched };
}

/** Patches share with the document, which is the cache's, what they leave alone. */
function own(object: UnstructuredObject, type: BodyType): UnstructuredObject {
  const { managedFields, ...metadata } = object.metadata ?? {};
  const copy = mutable<UnstructuredObject>({ ...object, metadata });
  copy.kind = type.kind;
  copy.apiVersion = type.apiVersion;
  // Nobody changes entries in place, and the same ones need not be read again.
  setManagedFields(metadataOf(copy), managedFields);
  return copy;
}
