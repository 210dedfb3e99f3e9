/**
 * A request's JSON body as upstream's handlers read it: the kind first, then the object of that kind, then what was asked
 * for; with their messages.
 */
import { type ApiError, badRequest } from "../core/api-error.ts";
import { DecodeError, decodeJson, type FieldValidation } from "./json.ts";
import type { GroupVersionKind, UnstructuredObject } from "./object.ts";
import { decodeProtobuf, protobufMagic } from "./protobuf.ts";
import { typeNameOf, typeRow } from "./scheme.ts";

/** The error of a document that is no object. */
export function wrongDocument(kind: string): string {
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}

export interface DecodedRequest {
  object: UnstructuredObject;
  /** What the body says it is, filled up from what was expected. */
  gvk: GroupVersionKind;
  /** Warnings, when the client asked for them. */
  problems: string[];
}

/** The first bytes of a body, for messages: text as it is, anything else in hex. */
function summarize(body: Uint8Array, longest: number): string {
  if (body.length === 0) return "<empty>";
  if (body[0] === 0x7b) {
    const start = Buffer.from(body.subarray(0, longest)).toString("utf8");
    return body.length > longest ? `${start} ...` : start;
  }
  const hex = Buffer.from(body.subarray(0, longest)).toString("hex");
  return body.length > longest ? `${hex} ...` : hex;
}

/** Upstream's 400 for a body in which it cannot even find out what it is. */
export function unrecognized(expected: GroupVersionKind, why: string, body: Uint8Array): ApiError {
  return badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${summarize(body, 30)})`);
}

const apiVersionOf = (gvk: GroupVersionKind): string => (gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`);

/** Fills what the body leaves out: the kind, and the version when neither group nor version is given. */
function withDefaults(kind: string, apiVersion: string, expected: GroupVersionKind): GroupVersionKind {
  const slash = apiVersion.indexOf("/");
  const gvk = {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: kind === "" ? expected.kind : kind,
  };
  if (gvk.version === "" && gvk.group === "") return { ...gvk, group: expected.group, version: expected.version };
  return gvk;
}

/** Reads `kind` and `apiVersion`; throws a DecodeError that names the whole body as unreadable. */
function interpret(body: Uint8Array, expected: GroupVersionKind): GroupVersionKind {
  let kind: unknown;
  let apiVersion: unknown;
  try {
    const { object } = decodeJson(body, undefined, "Ignore");
    ({ kind, apiVersion } = object as { kind?: unknown; apiVersion?: unknown });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const document = /^json: cannot unmarshal (\S+) /.exec(error.message);
    throw new DecodeError(
      document === null ? `couldn't get version/kind; json parse error: ${error.message}` : wrongDocument(document[1] as string),
    );
  }
  for (const [field, value] of Object.entries({ kind, apiVersion })) {
    if (value === undefined || value === null || typeof value === "string") continue;
    const found = Array.isArray(value)
      ? "array"
      : typeof value === "boolean"
        ? "bool"
        : typeof value === "bigint"
          ? "number"
          : typeof value;
    throw new DecodeError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into Go struct field .${field} of type string`,
    );
  }
  const version = typeof apiVersion === "string" ? apiVersion : "";
  if (version.split("/").length > 2) throw new DecodeError(`unexpected GroupVersion string: ${version}`);
  return withDefaults(typeof kind === "string" ? kind : "", version, expected);
}

/** A kind whose type is looked up for an object in the body: undefined where the kind is not known, `""` where it has no type. */
export type TypeLookup = (gvk: GroupVersionKind) => string | undefined;

/**
 * Reads a body that should hold an object of `expected`. JSON and protobuf are told apart by the first bytes. `lookup` says
 * the type of another kind that the body may name; by default the table does. Throws upstream's 400: malformed text, a
 * value that does not fit, a kind that is not known, problems under Strict. `untyped`: a custom resource, which must name its
 * kind and version, and may name another kind. `protobuf`: the body says it is; by default its first bytes do.
 */
export function decodeRequest(
  body: Uint8Array,
  expected: GroupVersionKind,
  validation: FieldValidation,
  lookup: TypeLookup = typeNameOf,
  untyped = false,
  protobuf: boolean = isProtobuf(body),
): DecodedRequest {
  if (protobuf) return decodeProtobufRequest(body, expected);
  let gvk: GroupVersionKind;
  try {
    // The common case costs no second reading: the object says what it is.
    const decoded = decodeJson(body, lookup(expected), validation);
    gvk = withDefaults(text(decoded.object.kind), text(decoded.object.apiVersion), expected);
    const complete = !untyped || (text(decoded.object.kind) !== "" && text(decoded.object.apiVersion) !== "");
    if (complete && isSame(gvk, expected)) return finish(decoded, gvk, expected, validation);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  try {
    gvk = interpret(body, expected);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unrecognized(expected, error.message, body);
  }
  if (untyped) return finishUntyped(body, expected, validation);
  const typeName = lookup(gvk);
  if (typeName === undefined && !isSame(gvk, expected)) {
    throw cannotBeHandled(
      gvk,
      expected,
      `no kind ${JSON.stringify(gvk.kind)} is registered for version ${JSON.stringify(apiVersionOf(gvk))} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  try {
    return finish(decodeJson(body, typeName, validation), gvk, expected, validation);
  } catch (error) {
    throw error instanceof DecodeError ? cannotBeHandled(gvk, expected, error.message) : error;
  }
}

/** A custom resource must say what it is; what it says must be of the version that was asked for. */
function finishUntyped(body: Uint8Array, expected: GroupVersionKind, validation: FieldValidation): DecodedRequest {
  const decoded = decodeJson(body, undefined, validation);
  const { kind, apiVersion } = decoded.object;
  if (text(kind) === "") {
    const what = `Object 'Kind' is missing in '${Buffer.from(body).toString("utf8")}'`;
    if (validation === "Ignore") throw cannotBeHandled(expected, expected, what);
    throw unrecognized(expected, what, body);
  }
  if ((apiVersion as unknown) === null) {
    const why = ".apiVersion accessor error: <nil> is of the type <nil>, expected string";
    throw cannotBeHandled({ group: "", version: "", kind: text(kind) }, expected, why);
  }
  if (text(apiVersion) !== apiVersionOf(expected)) {
    throw badRequest(
      `the API version in the data (${text(apiVersion)}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  }
  return { ...decoded, gvk: { ...expected, kind: text(kind) } };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const isSame = (a: GroupVersionKind, b: GroupVersionKind): boolean => a.kind === b.kind && a.version === b.version && a.group === b.group;

function cannotBeHandled(gvk: GroupVersionKind, expected: GroupVersionKind, why: string): Error {
  return badRequest(`${gvk.kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${expected.kind}: ${why}`);
}

function finish(
  decoded: { object: UnstructuredObject; problems: string[] },
  gvk: GroupVersionKind,
  expected: GroupVersionKind,
  validation: FieldValidation,
): DecodedRequest {
  if (gvk.kind !== expected.kind) {
    const [from, to] = [typeNameOf(gvk), typeNameOf(expected)];
    if (from !== undefined && to !== undefined) {
      const conversion = `converting (${typeRow(from).goName}) to (${to.split(".").at(-3)}.${expected.kind}): unknown conversion`;
      throw cannotBeHandled(gvk, expected, conversion);
    }
  }
  if (gvk.group !== expected.group || gvk.version !== expected.version) {
    throw badRequest(
      `the API version in the data (${apiVersionOf(gvk)}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  }
  if (decoded.problems.length > 0 && validation === "Strict") {
    throw cannotBeHandled(gvk, expected, `strict decoding error: ${decoded.problems.join(", ")}`);
  }
  return { ...decoded, gvk };
}

function isProtobuf(body: Uint8Array): boolean {
  return body.length >= 4 && protobufMagic.every((b, i) => body[i] === b);
}

function decodeProtobufRequest(body: Uint8Array, expected: GroupVersionKind): DecodedRequest {
  if (body.length === 0) throw unrecognized(expected, "empty data", body);
  if (!isProtobuf(body)) {
    throw unrecognized(
      expected,
      `provided data does not appear to be a protobuf message, expected prefix [${protobufMagic.join(" ")}]`,
      body,
    );
  }
  try {
    const { object, gvk } = decodeProtobuf(body, expected);
    return finish({ object, problems: [] }, gvk, expected, "Ignore");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unrecognized(expected, error.message, body);
  }
}
