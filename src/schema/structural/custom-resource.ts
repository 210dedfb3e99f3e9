/** Custom resources on their way in: decoded, their metadata typed, unknown fields pruned and told, nulls dropped. */
import { badRequest } from "../../core/api-error.ts";
import { type FieldError, FieldPath, invalidField, required } from "../field-error.ts";
import { DecodeError, decodeJson, encodeJson, type FieldValidation } from "../json.ts";
import { type DecodedRequest, decodeRequest } from "../json-request.ts";
import { encodeGoJson } from "../../lang/json-text.ts";
import { dns1035Label } from "../../core/names.ts";
import type { GroupVersionKind, UnstructuredObject } from "../object.ts";
import type { ObjectMeta } from "../types/meta-v1.ts";
import { isShaped } from "./shaped.ts";
import { type NormalizeReport, normalizeReporting, TypeMismatch } from "../normalize.ts";
import { prune, pruneNulls } from "./prune.ts";
import type { StructuralSchema } from "./schema.ts";

type JsonObject = Record<string, unknown>;

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** Reads a request's body as a custom resource of `expected`. Throws upstream's 400. The object may be changed. */
export function decodeCustomResource(
  body: Uint8Array,
  expected: GroupVersionKind,
  schema: StructuralSchema | undefined,
  validation: FieldValidation,
): DecodedRequest {
  // Another kind of the same version is told by validation, as upstream does.
  const decoded = decodeRequest(body, expected, validation === "Ignore" ? "Ignore" : "Warn", () => undefined, true);
  const { gvk, object } = decoded;
  try {
    const unknown = coerceCustomResource(object, schema, validation);
    const problems = validation === "Ignore" ? [] : [...decoded.problems, ...unknown];
    if (validation === "Strict" && problems.length > 0) throw new DecodeError(`strict decoding error: ${problems.join(", ")}`);
    return { object, gvk, problems };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(`${gvk.kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${expected.kind}: ${error.message}`);
  }
}

/**
 * Brings an object into the schema's shape in place: metadata normalised, unknown fields and unwanted nulls gone. Returns
 * `unknown field "…"` problems. Throws a DecodeError for metadata of a wrong type.
 */
export function coerceCustomResource(
  object: UnstructuredObject,
  schema: StructuralSchema | undefined,
  validation: FieldValidation,
): string[] {
  const problems = coerceMetadata(object as JsonObject, "metadata", validation);
  if (schema === undefined) return problems;
  if (!isShaped(object, schema)) {
    for (const path of prune(object as JsonObject, schema)) problems.push(`unknown field "${path}"`);
    pruneNulls(object, schema);
  }
  problems.push(...coerceEmbedded(object, schema, new FieldPath(), validation));
  return problems;
}

/** Types `metadata` as ObjectMeta; problems name the fields below `path`. */
function coerceMetadata(object: JsonObject, path: string, validation: FieldValidation): string[] {
  if (!Object.hasOwn(object, "metadata")) return [];
  const typed = typedMetadata(object["metadata"], validation);
  if (typed !== undefined) {
    object["metadata"] = typed;
    return [];
  }
  const { object: metadata, problems } = decodeJson(encodeJson(object["metadata"]), objectMeta, validation);
  object["metadata"] = metadata;
  return problems.map((p) => p.replace(/"(.*)"$/, (_, field: string) => `"${path}.${field}"`));
}

/** Metadata without a fault, which is nearly all; undefined: it has to be read as text, to say what is wrong. */
function typedMetadata(metadata: unknown, validation: FieldValidation): unknown {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return undefined;
  const report: NormalizeReport = { unknownFields: false };
  try {
    const typed = normalizeReporting(objectMeta, metadata, report);
    return report.unknownFields && validation !== "Ignore" ? undefined : typed;
  } catch (error) {
    if (error instanceof TypeMismatch) return undefined;
    throw error;
  }
}

/** A value as Go writes decoded JSON: keys of maps in order. */
function goText(value: unknown): string {
  const sorted = (v: unknown): unknown => {
    if (Array.isArray(v)) return v.map(sorted);
    if (typeof v !== "object" || v === null) return v;
    return Object.fromEntries(
      Object.entries(v)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, part]) => [key, sorted(part)]),
    );
  };
  return encodeGoJson(sorted(value));
}

/** The same for resources embedded by `x-kubernetes-embedded-resource`. */
function coerceEmbedded(value: unknown, schema: StructuralSchema | undefined, path: FieldPath, validation: FieldValidation): string[] {
  if (!schema?.within.embedded || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => coerceEmbedded(item, schema.items, path.index(i), validation));
  const object = value as JsonObject;
  const problems: string[] = [];
  if (schema.embeddedResource) {
    for (const name of ["apiVersion", "kind"]) {
      if (Object.hasOwn(object, name) && typeof object[name] !== "string") {
        throw new DecodeError(`${path.child(name)}: Invalid value: ${goText(object[name])}: must be a string`);
      }
    }
    const { metadata } = object;
    try {
      problems.push(...coerceMetadata(object, `${path}.metadata`, validation));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(`${path}.metadata: Invalid value: ${goText(metadata)}: ${error.message}`);
    }
  }
  for (const key of Object.keys(object)) {
    const own = schema.properties.get(key);
    if (own !== undefined) problems.push(...coerceEmbedded(object[key], own, path.child(key), validation));
    else if (typeof schema.additionalProperties === "object") {
      problems.push(...coerceEmbedded(object[key], schema.additionalProperties, path.key(key), validation));
    }
  }
  return problems;
}

/** Errors of an embedded resource's `metadata`, which is at `path`. */
export type CheckMetadata = (metadata: ObjectMeta, path: FieldPath) => FieldError[];

/** Field errors of embedded resources: they need an apiVersion and a kind that could be ones; names may be left out. */
export function validateEmbedded(
  value: unknown,
  schema: StructuralSchema | undefined,
  path: FieldPath = new FieldPath(),
  checkMetadata: CheckMetadata = () => [],
): FieldError[] {
  if (!schema?.within.embedded || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => validateEmbedded(item, schema.items, path.index(i), checkMetadata));
  const object = value as JsonObject;
  const errors = schema.embeddedResource ? embeddedErrors(object, path, checkMetadata) : [];
  for (const key of Object.keys(object)) {
    const own = schema.properties.get(key);
    if (own !== undefined) errors.push(...validateEmbedded(object[key], own, path.child(key), checkMetadata));
    else if (typeof schema.additionalProperties === "object")
      errors.push(...validateEmbedded(object[key], schema.additionalProperties, path.key(key), checkMetadata));
  }
  return errors;
}

function embeddedErrors(object: JsonObject, path: FieldPath, checkMetadata: CheckMetadata): FieldError[] {
  const errors = typeMetaErrors(object, path);
  const metadata = object["metadata"] as ObjectMeta | undefined;
  // A template has no name of its own: any stands for it.
  if (metadata) errors.push(...checkMetadata(metadata.name ? metadata : { ...metadata, name: "fakename" }, path.child("metadata")));
  return errors;
}

function typeMetaErrors(object: JsonObject, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion, kind } = object;
  if (apiVersion === undefined) errors.push(required(path.child("apiVersion")));
  else if (apiVersion === "") errors.push(invalidField(path.child("apiVersion"), "", "must not be empty"));
  else if (String(apiVersion as string).split("/").length > 2) {
    errors.push(invalidField(path.child("apiVersion"), apiVersion, `unexpected GroupVersion string: ${String(apiVersion as string)}`));
  }
  if (kind === undefined) errors.push(required(path.child("kind")));
  else if (kind === "") errors.push(invalidField(path.child("kind"), "", "must not be empty"));
  else {
    const messages = dns1035Label(String(kind as string).toLowerCase());
    if (messages.length > 0) {
      errors.push(invalidField(path.child("kind"), kind, `may have mixed case, but should otherwise match: ${messages.join(",")}`));
    }
  }
  return errors;
}
