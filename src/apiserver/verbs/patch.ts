import { ApiError, badRequest, isApiError, notFound } from "../../core/api-error.ts";
import { decodeJson, type FieldValidation, parseJson } from "../../schema/codec.ts";
import { invalid, invalidField, FieldPath } from "../../schema/field-error.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import { applyJsonPatch, type JsonPatchOperation } from "../../schema/patch/json-patch.ts";
import { applyMergePatch } from "../../schema/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../../schema/patch/strategic-merge-patch.ts";
import { unsupportedMediaType } from "../encoding/negotiation.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry } from "../respond.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { type BodyType, takeBody, tooLarge } from "./body.ts";
import { ensureName, ensureNamespace, metadataOf } from "./metadata.ts";
import { parseWriteOptions } from "./options.ts";
import { bodyTypeOf, succeed } from "./update.ts";
import { type Successor, updateObject } from "./write.ts";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicPatchType = "application/strategic-merge-patch+json";

/** Applies a read patch to a document and gives a new one. */
type Apply = (document: UnstructuredObject) => UnstructuredObject;

export async function patch(scope: Scope): Promise<ApiResponse> {
  const { request } = scope;
  const type = bodyTypeOf(scope);
  const accepted = type.codec === undefined ? [jsonPatchType, mergePatchType, strategicPatchType] : [jsonPatchType, mergePatchType];
  const patchType = patchTypeOf(request);
  if (!accepted.includes(patchType)) throw unsupportedMediaType(accepted);
  const negotiated = negotiateObject(scope);
  const options = parseWriteOptions(request.query, "PatchOptions");
  const { apply, problems } = readPatch(request, patchType, type, options.fieldValidation, scope.state.maxBodyBytes);

  let warned = false;
  const make = (current: Entry): Successor => {
    const patched = apply(documentOf(scope, current));
    const before = request.warnings.length;
    const decoded = decodePatched(request, patched, type, options.fieldValidation, problems);
    // Another attempt would say the same again.
    if (warned) request.warnings.length = before;
    warned = true;
    const meta = metadataOf(decoded);
    ensureNamespace(scope, meta, scope.namespace);
    ensureName(meta, scope.name);
    const { object } = succeed(scope, current, decoded);
    return { object, conditional: meta.resourceVersion !== String(current.revision) };
  };
  const missing = (): Promise<Entry> => Promise.reject(notFound(scope.about, scope.name));
  const { entry } = await updateObject(scope, options.dryRun, make, missing);
  return respondEntry(scope, entry, 200, negotiated);
}

function patchTypeOf(request: ApiRequest): string {
  const header = (request.headers["content-type"] as string | undefined) ?? "";
  const end = header.indexOf(";");
  return end > 0 ? header.slice(0, end) : header;
}

/** What the patch is applied to: the object at the served version, or the subresource's view of it. Not to be changed. */
function documentOf(scope: Scope, current: Entry): UnstructuredObject {
  const view = scope.subresource?.view;
  return view === undefined ? current.servedObject(scope.served) : (view.read(current.object()) as UnstructuredObject);
}

interface ReadPatch {
  readonly apply: Apply;
  /** Duplicate fields of the patch itself. */
  readonly problems: readonly string[];
}

function readPatch(request: ApiRequest, patchType: string, type: BodyType, validation: FieldValidation, limit: number): ReadPatch {
  let body: unknown;
  let problems: readonly string[] = [];
  if (request.object !== undefined) body = takeBody(request);
  else {
    const bytes = request.body ?? new Uint8Array(0);
    if (bytes.length > limit) throw tooLarge(limit);
    ({ body, problems } = parsePatch(bytes, patchType, validation));
  }
  if (patchType === jsonPatchType) {
    if (!Array.isArray(body))
      throw badRequest("error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp");
    const operations = body as JsonPatchOperation[];
    if (operations.length > 10_000) {
      throw new ApiError(
        413,
        "RequestEntityTooLarge",
        `Request entity too large: The allowed maximum operations in a JSON patch is 10000, got ${operations.length}`,
      );
    }
    return { problems, apply: (document) => applyJsonPatch(document, operations) as UnstructuredObject };
  }
  const patchObject = body as UnstructuredObject;
  if (patchType === mergePatchType) return { problems, apply: (document) => applyMergePatch(document, patchObject) as UnstructuredObject };
  return { problems, apply: (document) => applyStrategicMergePatch(type.typeName, document, patchObject) as UnstructuredObject };
}

function parsePatch(bytes: Uint8Array, patchType: string, validation: FieldValidation): { body: unknown; problems: readonly string[] } {
  try {
    if (patchType === jsonPatchType) return { body: parseJson(bytes), problems: [] };
    const { object, problems } = decodeJson(bytes, undefined, validation);
    return { body: object, problems };
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw patchType === strategicPatchType ? error : badRequest(`error decoding patch: ${error.message}`);
  }
}

/** Reads the patched document as the server reads a body: unknown fields and values that do not fit come to light here. */
function decodePatched(
  request: ApiRequest,
  patched: UnstructuredObject,
  type: BodyType,
  validation: FieldValidation,
  patchProblems: readonly string[],
): UnstructuredObject {
  let object: UnstructuredObject;
  let problems: readonly string[];
  try {
    if (type.codec !== undefined) ({ object, problems } = type.codec.normalize(patched, validation));
    else ({ object, problems } = decodeJson(Buffer.from(JSON.stringify(patched)), type.typeName, validation));
  } catch (error) {
    if (!isApiError(error) || error.code !== 400) throw error;
    throw patchInvalid(patched, error.message);
  }
  const all = [...patchProblems, ...problems];
  if (all.length > 0) {
    if (validation === "Strict") throw patchInvalid(patched, `strict decoding error: ${all.join(", ")}`);
    for (const problem of all) request.warnings.push(problem);
  }
  const copy = object === patched ? mutable(object) : object;
  copy.kind = type.kind;
  copy.apiVersion = type.apiVersion;
  return copy;
}

function patchInvalid(patched: UnstructuredObject, why: string): ApiError {
  const error = invalid({ group: "", kind: "" }, "", [invalidField(new FieldPath("patch"), JSON.stringify(patched), why)]);
  return new ApiError(error.code, error.reason, error.message, { causes: error.details?.causes });
}
