/**
 * Field errors as `k8s.io/apimachinery/pkg/util/validation/field` words them. A validator returns all of them in one
 * list; {@link invalid} turns the list into the 422 answer.
 */
import { goQuote } from "../core/go-quote.ts";
import { encodeGoJson } from "../lang/json-text.ts";
import { ApiError } from "../core/api-error.ts";

export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "InternalError"
  | "FieldValueTypeInvalid"
  | "FieldValueTooShort"
  | "FieldValueTooFew";

export interface FieldError {
  readonly type: FieldErrorType;
  /** `spec.containers[0].name`; empty for the object itself. */
  readonly field: string;
  /** The message without the field: `Invalid value: "x": must be …`. */
  readonly body: string;
  /** The rule that failed, stable across wordings: `format=dns-label`, `minimum`. Tests compare origins. */
  readonly origin?: string | undefined;
}

/** A path to a field; immutable. */
export class FieldPath {
  readonly #text: string;

  constructor(text = "") {
    this.#text = text;
  }

  child(...names: string[]): FieldPath {
    let text = this.#text;
    for (const n of names) text += text === "" ? n : `.${n}`;
    return new FieldPath(text);
  }

  index(i: number): FieldPath {
    return new FieldPath(`${this.#text}[${i}]`);
  }

  key(k: string): FieldPath {
    return new FieldPath(`${this.#text}[${k}]`);
  }

  toString(): string {
    return this.#text;
  }
}

export const rootPath: FieldPath = new FieldPath();

/** A value as Go's field errors print it: strings quoted, objects as JSON, numbers and booleans bare. */
export function printValue(value: unknown): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return goQuote(value);
  if (typeof value === "object") return encodeGoJson(value);
  return String(value as number | boolean | bigint);
}

const make = (type: FieldErrorType, path: FieldPath, body: string, origin?: string): FieldError => ({
  type,
  field: path.toString(),
  body,
  origin,
});

export function notFoundField(path: FieldPath, value: unknown): FieldError {
  return make("FieldValueNotFound", path, `Not found: ${printValue(value)}`);
}

export function required(path: FieldPath, detail = ""): FieldError {
  return make("FieldValueRequired", path, detail === "" ? "Required value" : `Required value: ${detail}`);
}

export function duplicate(path: FieldPath, value: unknown): FieldError {
  return make("FieldValueDuplicate", path, `Duplicate value: ${printValue(value)}`);
}

export function invalidField(path: FieldPath, value: unknown, detail: string, origin?: string): FieldError {
  return make(
    "FieldValueInvalid",
    path,
    detail === "" ? `Invalid value: ${printValue(value)}` : `Invalid value: ${printValue(value)}: ${detail}`,
    origin,
  );
}

/** `supported` is listed in the order given, quoted: upstream sorts sets before. */
export function notSupported(path: FieldPath, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? "" : `: supported values: ${supported.map(goQuote).join(", ")}`;
  return make("FieldValueNotSupported", path, `Unsupported value: ${printValue(value)}${detail}`);
}

export function forbiddenField(path: FieldPath, detail: string): FieldError {
  return make("FieldValueForbidden", path, `Forbidden: ${detail}`);
}

export function tooLong(path: FieldPath, max: number): FieldError {
  return make(
    "FieldValueTooLong",
    path,
    max >= 0 ? `Too long: may not be more than ${max} byte${max === 1 ? "" : "s"}` : "Too long: value is too long",
    "maxLength",
  );
}

export function tooMany(path: FieldPath, actual: number, max: number): FieldError {
  return make(
    "FieldValueTooMany",
    path,
    max >= 0 ? `Too many: ${actual}: must have at most ${max} item${max === 1 ? "" : "s"}` : `Too many: ${actual}: has too many items`,
    "maxItems",
  );
}

export function typeInvalid(path: FieldPath, value: unknown, detail: string): FieldError {
  return make("FieldValueTypeInvalid", path, `Invalid value: ${printValue(value)}: ${detail}`);
}

export function internalFieldError(path: FieldPath, detail: string): FieldError {
  return make("InternalError", path, `Internal error: ${detail}`);
}

/** `field: body`. */
export function describeFieldError(e: FieldError): string {
  return e.field === "" ? `: ${e.body}` : `${e.field}: ${e.body}`;
}

/** 422 with every error as a cause, as `errors.NewInvalid` gives it. */
export function invalid(about: { group: string; kind: string }, name: string, errors: readonly FieldError[]): ApiError {
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.body}`))];
  const what = about.group === "" ? about.kind : `${about.kind}.${about.group}`;
  const joined = texts.length === 0 ? "" : texts.length === 1 ? (texts[0] as string) : `[${texts.join(", ")}]`;
  return new ApiError(422, "Invalid", `${what} "${name}" is invalid${joined === "" ? "" : `: ${joined}`}`, {
    ...(name === "" ? {} : { name }),
    ...(about.group === "" ? {} : { group: about.group }),
    ...(about.kind === "" ? {} : { kind: about.kind }),
    ...(errors.length === 0 ? {} : { causes: errors.map((e) => ({ reason: e.type, message: e.body, field: e.field })) }),
  });
}
