/** The object that a request brings: read, checked for its kind, in the shape of the served version. */
import { ApiError, badRequest, isApiError } from "../../core/api-error.ts";
import { decodeJson, decodeProtobuf, type FieldValidation, normalize } from "../../schema/codec.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import { bodyFormat, customOffer, fullOffer, type Offer } from "../encoding/negotiation.ts";
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

/** The body as a mutable object with kind and apiVersion. Unknown fields become warnings or a 400, as asked. */
export async function decodeBody(
  request: ApiRequest,
  type: BodyType,
  validation: FieldValidation,
  limit: number,
): Promise<UnstructuredObject> {
  const { object, problems } =
    request.object === undefined ? await decodeBytes(request, type, validation, limit) : takeObject(request, type, validation);
  checkKind(object, type);
  if (problems.length > 0) {
    if (validation === "Strict") throw cannotHandle(object, type, `strict decoding error: ${problems.join(", ")}`);
    for (const problem of problems) request.warnings.push(problem);
  }
  object.kind = type.kind;
  object.apiVersion = type.apiVersion;
  return object;
}

interface Decoded {
  object: UnstructuredObject;
  problems: string[];
}

function takeObject(request: ApiRequest, type: BodyType, validation: FieldValidation): Decoded {
  const given = request.object as UnstructuredObject;
  if (type.codec !== undefined) return type.codec.normalize(given, validation);
  return { object: normalize(type.typeName, given) as UnstructuredObject, problems: [] };
}

async function decodeBytes(request: ApiRequest, type: BodyType, validation: FieldValidation, limit: number): Promise<Decoded> {
  const offer: Offer = type.codec === undefined ? fullOffer : customOffer;
  const format = bodyFormat(request.headers["content-type"] as string | undefined, offer);
  const body = request.body ?? new Uint8Array(0);
  if (body.length > limit) throw tooLarge(limit);
  try {
    if (format === "protobuf") {
      const { gvk, object } = decodeProtobuf(body);
      const apiVersion = gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`;
      return { object: { ...object, apiVersion, kind: gvk.kind } as UnstructuredObject, problems: [] };
    }
    let text: Uint8Array | string = body;
    if (format === "yaml") {
      const { yamlToJson } = await import("../../lang/yaml.ts");
      text = yamlToJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    }
    return type.codec === undefined ? decodeJson(text, type.typeName, validation) : type.codec.decode(text, validation);
  } catch (error) {
    throw decodeError(error, body, type);
  }
}

function decodeError(error: unknown, body: Uint8Array, type: BodyType): ApiError {
  if (isApiError(error) && error.code !== 400) return error;
  const why = error instanceof Error ? error.message : String(error);
  const { kind, apiVersion } = peekKind(body);
  if (kind !== undefined) return cannotHandle({ kind, apiVersion: apiVersion ?? type.apiVersion }, type, why);
  return badRequest(`the object provided is unrecognized (must be of type ${type.kind}): ${why} (${summarize(body)})`);
}

/** Kind and apiVersion of a body that could not be read otherwise, where they can be told. */
function peekKind(body: Uint8Array): { kind?: string; apiVersion?: string } {
  try {
    const value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as unknown;
    const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
    return {
      ...(typeof kind === "string" && kind !== "" ? { kind } : {}),
      ...(typeof apiVersion === "string" && apiVersion !== "" ? { apiVersion } : {}),
    };
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf("/") + 1);
}

function cannotHandle(object: { kind?: string | undefined; apiVersion?: string | undefined }, type: BodyType, why: string): ApiError {
  const kind = object.kind || type.kind;
  const version = versionOf(object.apiVersion || type.apiVersion);
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: ${why}`);
}

/** What stands at the beginning of a body, for an error message. */
function summarize(body: Uint8Array): string {
  if (body.length === 0) return "<empty>";
  const more = body.length > 30 ? " ..." : "";
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(30, body.length));
  return start.toString(body[0] === 0x7b ? "utf8" : "hex") + more;
}

/** A body may leave kind and apiVersion out, but must not contradict. */
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

/** A private copy of what an in-process caller handed over, for bodies without a type (patches). */
export function takeBody(request: ApiRequest): unknown {
  return mutable(request.object);
}
