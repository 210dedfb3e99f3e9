/** Server-side apply: the configuration that a request brings, and what it makes of an object. */
import { ApiError, badRequest } from "../../core/api-error.ts";
import { DecodeError, type FieldValidation, normalize, parseJson, TypeMismatch } from "../../schema/codec.ts";
import { countKeys, scanJson } from "../../schema/json-scan.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { conversionFaults, wrapIntegers } from "../../schema/patch/from-unstructured.ts";
import type { ApiRequest } from "../request.ts";
import type { Scope } from "../scope.ts";
import type { BodyType } from "./body.ts";
import type { WriteOptions } from "./options.ts";
import { setManagedFields } from "./ownership.ts";

/** An applied configuration, read once for all attempts. */
export interface Configuration {
  readonly object: UnstructuredObject;
  /** Faults of a strict reading: keys that are there twice. */
  readonly problems: readonly string[];
}

/** Reads a body of YAML, which JSON is too. Throws 400. */
export async function readConfiguration(request: ApiRequest, body: Uint8Array, validation: FieldValidation): Promise<Configuration> {
  if (request.object !== undefined) return { object: request.object as UnstructuredObject, problems: [] };
  return fromJson(body) ?? (await fromYaml(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"), validation));
}

/** JSON without doubtful places is what most clients send; everything else goes the way of YAML. */
function fromJson(body: Uint8Array): Configuration | undefined {
  if (body[0] !== 0x7b) return undefined;
  try {
    const object = parseJson(body) as UnstructuredObject;
    return scanJson(body).colons === countKeys(object) ? { object, problems: [] } : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

async function fromYaml(text: string, validation: FieldValidation): Promise<Configuration> {
  const { yamlDuplicates, YamlError, yamlToJson } = await import("../../lang/yaml.ts");
  let content: unknown;
  try {
    content = JSON.parse(yamlToJson(text)) as unknown;
  } catch (error) {
    if (error instanceof YamlError) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw error;
  }
  if (content !== null && (typeof content !== "object" || Array.isArray(content))) {
    const why = `json: cannot unmarshal ${Array.isArray(content) ? "array" : jsonKind(content)} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  const problems = validation === "Ignore" ? [] : yamlDuplicates(text);
  return { object: (content ?? {}) as UnstructuredObject, problems };
}

function jsonKind(value: unknown): string {
  return typeof value === "boolean" ? "bool" : typeof value;
}

/**
 * What applying makes of `live` (absent: of nothing): a mutable object of the target's type, with its managers. Throws
 * upstream's 400, 409 and 500.
 */
export function applied(
  scope: Scope,
  live: UnstructuredObject | undefined,
  { object: config, problems }: Configuration,
  type: BodyType,
  { fieldManager, force, fieldValidation }: WriteOptions,
): UnstructuredObject {
  const fields = scope.fieldManager();
  const result = fields.apply(live ?? fields.empty, config, fieldManager, force);
  if (problems.length > 0 && fieldValidation === "Strict") {
    const lines = ["error converting YAML to JSON: yaml: unmarshal errors:", ...problems];
    throw badRequest(`error strict decoding YAML: ${lines.join("\n  ")}`);
  }
  const { managedFields, ...metadata } = result.metadata ?? {};
  const bare: UnstructuredObject = { ...result, metadata };
  const shaped = type.codec === undefined ? converted(type, bare, config.metadata ?? {}) : type.codec.normalize(bare, "Ignore").object;
  shaped.kind = type.kind;
  shaped.apiVersion = type.apiVersion;
  setManagedFields((shaped.metadata ??= {}), managedFields);
  return shaped;
}

/** As upstream converts from a tree; `asked` is the metadata of the request, which its message names. */
function converted(type: BodyType, bare: UnstructuredObject, asked: NonNullable<UnstructuredObject["metadata"]>): UnstructuredObject {
  try {
    return normalize<UnstructuredObject>(type.typeName, bare);
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error;
  }
  const { error } = conversionFaults(type.typeName, bare);
  if (error === undefined) return normalize<UnstructuredObject>(type.typeName, wrapIntegers(type.typeName, bare) as UnstructuredObject);
  const group = type.apiVersion.includes("/") ? type.apiVersion : `/${type.apiVersion}`;
  const kind = `${group}, Kind=${type.kind}`;
  const what = `(${asked.namespace ?? ""}/${asked.name ?? ""}; ${kind})`;
  throw new ApiError(
    500,
    "",
    `failed to convert new object ${what} to proper version: unable to convert unstructured object to ${kind}: ${error}`,
  );
}
