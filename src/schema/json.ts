/** JSON in and out: {@link decodeJson} reads an object as Go would, {@link encodeJson} writes one. */
import { ApiError } from "../core/api-error.ts";
import { encodeJson } from "../lang/json-text.ts";
import { JsonMembers, JsonSyntaxError, parseJsonExactly, plainJson } from "./json-exact.ts";
import { countKeys, maxJsonDepth, scanJson } from "./json-scan.ts";
import { JsonTypeError, readStrictly } from "./json-strict.ts";
import { type NormalizeReport, normalizeReporting, TypeMismatch } from "./normalize.ts";
import type { UnstructuredObject } from "./object.ts";

/** What the client asked for with `fieldValidation`. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

export interface DecodedJson {
  object: UnstructuredObject;
  /** `unknown field "spec.foo"`, `duplicate field "spec.x"`, in the order of the text; empty under Ignore. */
  problems: string[];
}

/** Input that cannot be decoded: a 400 whose message is that of Go's decoder. */
export class DecodeError extends ApiError {
  constructor(message: string) {
    super(400, "BadRequest", message);
  }
}

/**
 * Reads JSON. With a type, the object is normalised to what Go would marshal; without, it is kept as it is (custom
 * resources): integers beyond 2^53 as `bigint`, keys in order. Throws {@link DecodeError}.
 */
export function decodeJson(input: string | Uint8Array, typeName: string | undefined, validation: FieldValidation): DecodedJson {
  const bytes = typeof input === "string" ? Buffer.from(input) : input;
  const scan = scanJson(bytes);
  const text = typeof input === "string" ? input : toText(bytes);
  if (scan.depth > maxJsonDepth) throw new DecodeError("exceeded max depth");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return readSlowly(text, typeName, validation);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return readSlowly(text, typeName, validation);
  if (scan.oddNumbers || (validation !== "Ignore" && scan.colons !== countKeys(value))) return readSlowly(text, typeName, validation);
  if (typeName === undefined) return { object: value as UnstructuredObject, problems: [] };
  const report: NormalizeReport = { unknownFields: false };
  try {
    const object = normalizeReporting(typeName, value, report) as UnstructuredObject;
    if (!report.unknownFields || validation === "Ignore") return { object, problems: [] };
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error;
  }
  return readSlowly(text, typeName, validation);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

const partialObject = "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata";

function readSlowly(text: string, typeName: string | undefined, validation: FieldValidation): DecodedJson {
  try {
    const node = parseJsonExactly(text);
    // Go leaves the object as it was when the text is null.
    if (node !== null && !(node instanceof JsonMembers)) readStrictly(node, typeName ?? partialObject);
    const { value, problems } = readStrictly(node, typeName);
    const object = typeName === undefined ? value : normalizeReporting(typeName, value, { unknownFields: false });
    return { object: (object ?? {}) as UnstructuredObject, problems: validation === "Ignore" ? [] : problems };
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof JsonTypeError || error instanceof TypeMismatch)
      throw new DecodeError(error.message);
    throw error;
  }
}

/** Any JSON value, integers exact. Throws {@link DecodeError} with Go's message. */
export function parseJson(input: string | Uint8Array): unknown {
  const bytes = typeof input === "string" ? Buffer.from(input) : input;
  const text = typeof input === "string" ? input : toText(bytes);
  try {
    const scan = scanJson(bytes);
    if (scan.depth > maxJsonDepth) throw new JsonSyntaxError("exceeded max depth");
    if (!scan.oddNumbers) return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof JsonSyntaxError)) throw error;
  }
  try {
    return plainJson(parseJsonExactly(text));
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new DecodeError(error.message);
    throw error;
  }
}

export { encodeJson };
