/** The object that a request brings: read, checked for its kind, in the shape of the served version. */
import { ApiError, badRequest, isApiError } from "../../core/api-error.ts";
import { encodeJson, type FieldValidation, normalize } from "../../schema/codec.ts";
import { setOwn } from "../../schema/json-exact.ts";
import { FieldPath, invalid, invalidField } from "../../schema/field-error.ts";
import { DecodeError } from "../../schema/json.ts";
import { decodeRequest, unrecognized } from "../../schema/json-request.ts";
import { isObject } from "../../schema/patch/tree.ts";
import type { GroupVersionKind, UnstructuredObject } from "../../schema/object.ts";
import { bodyFormat, customOffer, fullOffer } from "../encoding/negotiation.ts";
import { splitApiVersion } from "../encoding/object-bytes.ts";
import type { ApiRequest } from "../request.ts";
import type { ResourceCodec } from "../resource.ts";

/** The type a body is to be of. */
export interface BodyType {
  readonly kind: string;
  /** `apps/v1` */
  readonly apiVersion: string;
  readonly typeName: string;
  readonly codec?: ResourceCodec | undefined;
}

export function tooLarge(limit: number): ApiError {
  return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

interface Decoded {
  object: UnstructuredObject;
  problems: string[];
}

/** The body as a mutable object with kind and apiVersion. Unknown fields become warnings or a 400, as asked. */
export async function decodeBody(
  request: ApiRequest,
  type: BodyType,
  validation: FieldValidation,
  limit: number,
): Promise<UnstructuredObject> {
  let decoded: Decoded;
  if (request.object !== undefined) decoded = takeObject(request.object as UnstructuredObject, type, validation);
  else {
    const format = bodyFormat(request.headers["content-type"] as string | undefined, type.codec === undefined ? fullOffer : customOffer);
    let bytes = request.body ?? empty;
    if (bytes.length > limit) throw tooLarge(limit);
    let duplicates: readonly string[] = [];
    if (format === "yaml") ({ bytes, duplicates } = await fromYaml(bytes, type, validation));
    // What is told of duplicates comes first: the rest is not to throw before.
    const inner = duplicates.length > 0 && validation === "Strict" ? "Warn" : validation;
    decoded =
      type.codec === undefined ? decodeTyped(bytes, type, inner, format === "protobuf") : decodeCustom(bytes, type, type.codec, inner);
    if (duplicates.length > 0) decoded.problems = withDuplicates(duplicates, decoded.problems, validation);
  }
  const { object, problems } = decoded;
  if (problems.length > 0) {
    if (validation === "Strict") throw cannotHandle(object, type, `strict decoding error: ${problems.join(", ")}`);
    for (const problem of problems) request.warnings.push(problem);
  }
  object.kind = type.kind;
  object.apiVersion = type.apiVersion;
  request.audit?.requestObject(object);
  return object;
}

function takeObject(given: UnstructuredObject, type: BodyType, validation: FieldValidation): Decoded {
  const decoded =
    type.codec === undefined
      ? { object: normalize(type.typeName, given) as UnstructuredObject, problems: [] }
      : type.codec.normalize(given, validation);
  checkKind(given, type);
  return decoded;
}

const empty = new Uint8Array(0);

/** Warnings are a line each, an error has them all. */
function withDuplicates(duplicates: readonly string[], problems: readonly string[], validation: FieldValidation): string[] {
  return validation === "Strict" ? [["yaml: unmarshal errors:", ...duplicates].join("\n  "), ...problems] : [...duplicates, ...problems];
}

/** The JSON that YAML means, with sorted keys, and the keys that are there twice. */
async function fromYaml(
  body: Uint8Array,
  type: BodyType,
  validation: FieldValidation,
): Promise<{ bytes: Uint8Array; duplicates: readonly string[] }> {
  const { parseYaml, yamlDuplicates } = await import("../../lang/yaml.ts");
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  try {
    const bytes = Buffer.from(encodeJson(sortedDeep(parseYaml(text))));
    return { bytes, duplicates: validation === "Ignore" ? [] : yamlDuplicates(text) };
  } catch (error) {
    if (isApiError(error)) throw error;
    throw unrecognized({ ...splitApiVersion(type.apiVersion), kind: type.kind }, (error as Error).message, body);
  }
}

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (!isObject(value)) return value;
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) setOwn(sorted, key, sortedDeep(value[key]));
  return sorted;
}

function decodeTyped(bytes: Uint8Array, type: BodyType, validation: FieldValidation, protobuf: boolean): Decoded {
  const expected: GroupVersionKind = { ...splitApiVersion(type.apiVersion), kind: type.kind };
  return decodeRequest(bytes, expected, validation, undefined, false, protobuf);
}

function decodeCustom(bytes: Uint8Array, type: BodyType, codec: ResourceCodec, validation: FieldValidation): Decoded {
  // The kind is checked first, by a reading without types: what another kind says is of no interest.
  const expected: GroupVersionKind = { ...splitApiVersion(type.apiVersion), kind: type.kind };
  const { object, problems } = decodeRequest(bytes, expected, validation, () => undefined, true);
  checkCustomKind(object, type);
  try {
    const shaped = codec.shape(object, validation);
    return { object: shaped.object, problems: [...problems, ...shaped.problems] };
  } catch (error) {
    throw error instanceof DecodeError ? cannotHandle(object, type, error.message) : error;
  }
}

/** Another kind is told as validation of custom resources tells it, by the name that it gives itself. */
function checkCustomKind(object: UnstructuredObject, type: BodyType): void {
  const kind = object.kind || type.kind;
  if (kind === type.kind) return;
  const { group } = splitApiVersion(type.apiVersion);
  throw invalid({ group, kind }, object.metadata?.name ?? "", [invalidField(new FieldPath("kind"), kind, `must be ${type.kind}`)]);
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf("/") + 1);
}

function cannotHandle(object: { kind?: string | undefined; apiVersion?: string | undefined }, type: BodyType, why: string): ApiError {
  const kind = object.kind || type.kind;
  const version = versionOf(object.apiVersion || type.apiVersion);
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: ${why}`);
}

/** An object may leave kind and apiVersion out, but must not contradict. */
function checkKind(object: UnstructuredObject, type: BodyType): void {
  const apiVersion = object.apiVersion || type.apiVersion;
  const kind = object.kind || type.kind;
  if (apiVersion !== type.apiVersion) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${type.apiVersion})`);
  }
  if (kind !== type.kind) {
    throw cannotHandle({ kind, apiVersion }, type, `converting (${versionOf(apiVersion)}.${kind}) to (${type.kind}): unknown conversion`);
  }
}
