import { ApiError, notFound } from "../../core/api-error.ts";
import { encodeJson, type FieldValidation } from "../../schema/codec.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import { applyPatch, decodePatch, type DecodedPatch, type PatchType } from "../../schema/patch/apply-patch.ts";
import { unsupportedMediaType } from "../encoding/negotiation.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry } from "../respond.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { type BodyType, tooLarge } from "./body.ts";
import { ensureName, ensureNamespace, metadataOf } from "./metadata.ts";
import { parseWriteOptions } from "./options.ts";
import { bodyTypeOf, succeed } from "./update.ts";
import { type Successor, updateObject } from "./write.ts";

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json-patch",
  "application/merge-patch+json": "merge-patch",
  "application/strategic-merge-patch+json": "strategic-merge-patch",
};
const builtinTypes = Object.keys(patchTypes);
const customTypes = builtinTypes.slice(0, 2);
/** Patches that upstream's routes know and this server does not take. */
const otherPatches = new Set(["application/apply-patch+yaml", "application/apply-patch+cbor"]);

export async function patch(scope: Scope): Promise<ApiResponse> {
  const { request } = scope;
  const type = bodyTypeOf(scope);
  const patchType = patchTypeOf(request, type);
  const negotiated = negotiateObject(scope);
  const { dryRun, fieldValidation } = parseWriteOptions(request.query, "PatchOptions");
  const read = readPatch(request, patchType, fieldValidation, scope.state.maxBodyBytes);
  let warned = false;
  const make = (current: Entry): Successor => {
    const { object, problems } = patchObject(documentOf(scope, current), read, type, fieldValidation);
    // Another attempt would say the same again.
    if (!warned) request.warnings.push(...problems);
    warned = true;
    const meta = metadataOf(object);
    ensureNamespace(scope, meta, scope.namespace);
    ensureName(meta, scope.name);
    const conditional = meta.resourceVersion !== String(current.revision);
    return { object: succeed(scope, current, object).object, conditional };
  };
  const missing = (): Promise<Entry> => Promise.reject(notFound(scope.about, scope.name));
  const { entry } = await updateObject(scope, dryRun, make, missing);
  return respondEntry(scope, entry, 200, negotiated);
}

function patchTypeOf(request: ApiRequest, type: BodyType): PatchType {
  const header = (request.headers["content-type"] as string | undefined) ?? "";
  const end = header.indexOf(";");
  const mediaType = end > 0 ? header.slice(0, end) : header;
  const accepted = type.codec === undefined ? builtinTypes : customTypes;
  if (accepted.includes(mediaType)) return patchTypes[mediaType] as PatchType;
  // Upstream's router refuses what no route takes, the handler what this resource does not take.
  if (type.codec === undefined && !otherPatches.has(mediaType)) {
    throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
  throw unsupportedMediaType(accepted);
}

/** What the patch is applied to: the object at the served version, or the subresource's view of it. Not to be changed. */
function documentOf(scope: Scope, current: Entry): UnstructuredObject {
  const view = scope.subresource?.view;
  return view === undefined ? current.servedObject(scope.served) : (view.read(current.object()) as UnstructuredObject);
}

function readPatch(request: ApiRequest, type: PatchType, validation: FieldValidation, limit: number): DecodedPatch {
  if (request.object !== undefined) {
    if (Array.isArray(request.object) || type !== "json-patch") return { type, content: request.object, problems: [] };
    return decodePatch(type, encodeJson(request.object), validation);
  }
  const body = request.body ?? new Uint8Array(0);
  if (body.length > limit) throw tooLarge(limit);
  return decodePatch(type, body, validation);
}

/** The patched document, mutable and the caller's own. */
function patchObject(
  document: UnstructuredObject,
  read: DecodedPatch,
  type: BodyType,
  validation: FieldValidation,
): { object: UnstructuredObject; problems: readonly string[] } {
  if (type.codec === undefined) {
    const { object, problems } = applyPatch(document, read, type.typeName, validation);
    return { object: own(object, type), problems };
  }
  const { object, problems } = applyPatch(document, read, undefined, validation);
  const shaped = type.codec.normalize(object, validation);
  return { object: own(shaped.object, type), problems: [...problems, ...shaped.problems] };
}

/** Patches share with the document, which is the cache's, what they leave alone. */
function own(object: UnstructuredObject, type: BodyType): UnstructuredObject {
  const copy = mutable(object);
  copy.kind = type.kind;
  copy.apiVersion = type.apiVersion;
  return copy;
}
