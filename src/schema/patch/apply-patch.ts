/** A patch request from its body to the patched object, with upstream's errors at every step. */
import { encodeGoJson } from "../../lang/json-text.ts";
import { ApiError } from "../../core/api-error.ts";
import { DecodeError, decodeJson, encodeJson, type FieldValidation, parseJson } from "../json.ts";
import { JsonMembers, type JsonNode, parseJsonExactly } from "../json-exact.ts";
import { wrongDocument } from "../json-request.ts";
import { countKeys, scanJson } from "../json-scan.ts";
import { readStrictly } from "../json-strict.ts";
import { type NormalizeReport, normalizeReporting, TypeMismatch } from "../normalize.ts";
import type { UnstructuredObject } from "../object.ts";
import { conversionFaults, wrapIntegers } from "./from-unstructured.ts";
import { applyJsonPatch, type JsonPatchOperation, maxJsonPatchOperations } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { badPatch, goPrint, invalidPatch } from "./patch-error.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";
import { isObject } from "./tree.ts";

/** The media type without `application/` and `+json`. */
export type PatchType = "json-patch" | "merge-patch" | "strategic-merge-patch";

/** A patch that was read from its body: decode once, apply on every retry. */
export interface DecodedPatch {
  readonly type: PatchType;
  readonly content: object;
  /** Duplicate and unknown fields of the patch itself. */
  readonly problems: readonly string[];
}

/** Reads the body. Throws 400 for one that is malformed, 413 for too many operations. */
export function decodePatch(type: PatchType, body: string | Uint8Array, validation: FieldValidation): DecodedPatch {
  const strict = validation !== "Ignore";
  // The strict reading comes first upstream, under a prefix of its own, but not for strategic patches.
  const prefix = strict && type !== "strategic-merge-patch" ? "error decoding patch: " : "";
  let content: unknown;
  try {
    content = parseJson(body);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badPatch(!strict && type === "merge-patch" ? "Invalid JSON Patch" : prefix + error.message);
  }
  if (type === "json-patch")
    return { type, content: checkOperations(content, strict, prefix), problems: strict ? patchProblems(type, body, content) : [] };
  // Go reads null as a map without members.
  if (content === null && type === "strategic-merge-patch") return { type, content: {}, problems: [] };
  if (content === null && type === "merge-patch") throw badPatch("Invalid JSON Patch");
  if (!isObject(content)) {
    if (!strict && type === "merge-patch") {
      // The list would replace the object.
      throw Array.isArray(content) ? invalidPatch(encodeJson(content), wrongDocument("array")) : badPatch("Invalid JSON Patch");
    }
    throw badPatch(`${prefix}json: cannot unmarshal ${kindOf(content)} into Go value of type map[string]interface {}`);
  }
  return { type, content, problems: strict ? patchProblems(type, body, content) : [] };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "number" : typeof value;
}

const operationFields = new Set(["op", "path", "from", "value"]);

function checkOperations(content: unknown, strict: boolean, prefix: string): JsonPatchOperation[] {
  const [list, item] = strict ? ["[]handlers.jsonPatchOp", "handlers.jsonPatchOp"] : ["jsonpatch.Patch", "jsonpatch.Operation"];
  if (content === null) return [];
  if (!Array.isArray(content)) throw badPatch(`${prefix}json: cannot unmarshal ${kindOf(content)} into Go value of type ${list}`);
  for (const operation of content as unknown[]) {
    if (operation === null) continue;
    if (!isObject(operation)) throw badPatch(`${prefix}json: cannot unmarshal ${kindOf(operation)} into Go value of type ${item}`);
    for (const field of ["op", "path", "from"]) {
      const value = operation[field];
      if (!strict || value === undefined || value === null || typeof value === "string") continue;
      throw badPatch(`${prefix}json: cannot unmarshal ${kindOf(value)} into Go struct field jsonPatchOp.${field} of type string`);
    }
  }
  if (content.length > maxJsonPatchOperations) {
    const message = `Request entity is too large: The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${content.length}`;
    throw new ApiError(413, "RequestEntityTooLarge", message);
  }
  return content.map((operation) => (operation ?? {}) as JsonPatchOperation);
}

function patchProblems(type: PatchType, body: string | Uint8Array, content: unknown): string[] {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const duplicates = scanJson(bytes).colons !== countKeys(content);
  const text = (): string => (typeof body === "string" ? body : Buffer.from(body).toString("utf8"));
  if (type !== "json-patch") return duplicates ? readStrictly(parseJsonExactly(text()), undefined).problems : [];
  const unknown = (content as object[] | null)?.some((o) => o !== null && Object.keys(o).some((key) => !operationFields.has(key)));
  if (!duplicates && unknown !== true) return [];
  return operationProblems(parseJsonExactly(text()) as JsonNode[]);
}

function operationProblems(operations: readonly JsonNode[]): string[] {
  const problems = new Set<string>();
  for (const [i, operation] of operations.entries()) {
    if (!(operation instanceof JsonMembers)) continue;
    const seen = new Set<string>();
    for (const [key] of operation.members) {
      if (!operationFields.has(key)) problems.add(`json patch unknown field ${JSON.stringify(`[${i}].${key}`)}`);
      else if (seen.has(key)) problems.add(`json patch duplicate field ${JSON.stringify(`[${i}].${key}`)}`);
      seen.add(key);
    }
  }
  return [...problems].slice(0, 100);
}

export interface PatchedObject {
  object: UnstructuredObject;
  /** Warnings, when the client asked for them; under Strict they are an error. */
  problems: string[];
  /** Top-level members that the patch did not touch. */
  untouched?: readonly string[] | undefined;
}

/**
 * Applies a patch to an object of `typeName` in Go's shape (or of no type: a custom resource, which knows no strategic
 * patches) and brings the result into that shape. The object is not changed. Throws upstream's 422 when the result is no
 * object of the type, or has problems under Strict.
 */
export function applyPatch(
  current: UnstructuredObject,
  patch: DecodedPatch,
  typeName: string | undefined,
  validation: FieldValidation,
): PatchedObject {
  const patched = patchTree(current, patch, typeName);
  // A strategic patch goes into the object as it is: its type is none of what is patched.
  if (typeName !== undefined && patch.type !== "strategic-merge-patch") checkType(current, patched, patch);
  const found: string[] = [...patch.problems];
  let object = patched;
  if (typeName !== undefined) {
    const read = readPatched(current, patched, patch, typeName, validation);
    object = read.object;
    found.push(...read.problems);
  }
  if (found.length > 0 && validation === "Strict") {
    throw invalidPatch(describe(patch, patched, current), `strict decoding error: ${found.join(", ")}`);
  }
  return { object, problems: found, untouched: Object.keys(patched).filter((key) => patched[key] === current[key]) };
}

/** The result is read by the kind that it names. */
function checkType(current: UnstructuredObject, patched: UnstructuredObject, patch: DecodedPatch): void {
  const { kind, apiVersion } = patched;
  if (typeof kind !== "string" || typeof apiVersion !== "string") return;
  if (kind === current.kind && apiVersion === current.apiVersion) return;
  const type = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
  throw invalidPatch(describe(patch, patched, current), `${type} in scheme "pkg/runtime/scheme.go:111"`);
}

function patchTree(current: UnstructuredObject, patch: DecodedPatch, typeName: string | undefined): UnstructuredObject {
  switch (patch.type) {
    case "json-patch":
      return applyJsonPatch(current, patch.content as JsonPatchOperation[]);
    case "merge-patch":
      return applyMergePatch(current, patch.content);
    default:
      if (typeName === undefined) throw badPatch("strategic merge patch format is not supported");
      return applyStrategicMergePatch(typeName, current, patch.content);
  }
}

/** What upstream prints as the value of the field `patch`. */
function describe(patch: DecodedPatch, patched: object, current: object): string {
  return patch.type === "strategic-merge-patch" ? goPrint(asMerged(patch.content, current)) : encodeGoJson(patched);
}

/** A strategic patch as upstream's merge leaves it: without directives, and without nulls where there was nothing to remove. */
function asMerged(patch: object, original: unknown): object {
  const known = isObject(original) ? original : {};
  // Lists that come with their order are taken out to be merged.
  const members = Object.entries(patch).filter(([key]) => !key.startsWith("$") && !Object.hasOwn(patch, `$setElementOrder/${key}`));
  return Object.fromEntries(
    members.map(([key, value]) => {
      if (!Object.hasOwn(known, key)) return [key, withoutNulls(value)];
      return [key, isObject(value) ? asMerged(value, known[key]) : value];
    }),
  );
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, v]) => v !== null);
  return Object.fromEntries(members.map(([key, v]) => [key, withoutNulls(v)]));
}

function readPatched(
  current: UnstructuredObject,
  patched: UnstructuredObject,
  patch: DecodedPatch,
  typeName: string,
  validation: FieldValidation,
): PatchedObject {
  const report: NormalizeReport = { unknownFields: false };
  let object: UnstructuredObject | undefined;
  try {
    object = normalizeReporting(typeName, patched, report) as UnstructuredObject;
    if (!report.unknownFields || validation === "Ignore") return { object, problems: [] };
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error;
  }
  if (patch.type === "strategic-merge-patch") {
    const { error, unknown } = conversionFaults(typeName, patched);
    if (error !== undefined) throw invalidPatch(describe(patch, patched, current), error);
    if (object === undefined) {
      object = normalizeReporting(typeName, wrapIntegers(typeName, patched), report) as UnstructuredObject;
      if (validation === "Ignore") return { object, problems: [] };
    }
    return { object, problems: [...unknown] };
  }
  try {
    return decodeJson(encodeJson(patched), typeName, validation);
  } catch (error) {
    throw error instanceof DecodeError ? invalidPatch(describe(patch, patched, current), error.message) : error;
  }
}
