/**
 * Validates objects against a schema with the messages of upstream's validator (`k8s.io/kube-openapi/pkg/validation`), and
 * ratchets: on an update, what has not changed is not complained about (KEP-4008).
 */
import { RE2JS } from "re2js";
import { type FieldError, FieldPath, invalidField, notSupported, required, tooLong, tooMany, typeInvalid } from "../field-error.ts";
import { jsonEqual } from "../patch/tree.ts";
import { hasFormat, isKnownFormat } from "./formats.ts";
import type { StructuralSchema } from "./schema.ts";

type JsonObject = Record<string, unknown>;

/** What one schema says of one value: its errors, and how much of it fits, to choose among alternatives. */
class Result {
  readonly errors: FieldError[] = [];
  fits = 0;

  merge(other: Result): void {
    this.errors.push(...other.errors);
    this.fits += other.fits;
  }

  get valid(): boolean {
    return this.errors.length === 0;
  }
}

/** Errors of alternatives name no field: upstream prints Go's nil path. */
const noField = new FieldPath("<nil>");

/**
 * Field errors of a custom resource (or of a part of it, at `at`). `old` is the object it replaces, for ratcheting; absent
 * on create.
 */
export function validateAgainstSchema(
  value: unknown,
  schema: StructuralSchema,
  old?: unknown,
  at: FieldPath = new FieldPath(),
): FieldError[] {
  const { errors } = validate(value, schema, "", old, at.toString());
  return errors;
}

/** Where errors are told that upstream gives no path of their own. */
function nowhere(at: string): FieldPath {
  return at === "" ? noField : new FieldPath(at);
}

/** The field of a validator's path: below `at`, which upstream's paths leave out. */
function fieldOf(path: string, at: string): FieldPath {
  const local = path.startsWith(".") ? path.slice(1) : path;
  if (local === "") return nowhere(at);
  return new FieldPath(at === "" ? local : `${at}.${local}`);
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return "object";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  return typeof value === "bigint" || Number.isInteger(value) ? "integer" : "number";
}

function validate(value: unknown, schema: StructuralSchema, path: string, old: unknown, at: string): Result {
  const result = new Result();
  if (old !== undefined && jsonEqual(value, old)) return result;
  checkType(value, schema, path, at, result);
  if (value === null) {
    checkEnum(value, schema, path, at, result);
    return result;
  }
  if (hasAlternatives(schema)) result.merge(checkAlternatives(value, schema, path, old, at));
  else result.fits++;
  result.fits++;
  if (typeof value === "string") {
    checkString(value, schema, path, at, result);
    checkFormat(value, schema, path, at, result);
  } else if (typeof value === "number" || typeof value === "bigint") checkNumber(value, schema, path, at, result);
  else if (Array.isArray(value)) result.merge(checkItems(value, schema, path, old, at));
  checkEnum(value, schema, path, at, result);
  if (typeof value === "object" && !Array.isArray(value)) result.merge(checkProperties(value as JsonObject, schema, path, old, at));
  result.fits++;
  return result;
}

function checkType(value: unknown, schema: StructuralSchema, path: string, at: string, result: Result): void {
  const { types } = schema;
  const found = jsonType(value);
  const wrong = (wanted: string, got: string): void => {
    result.errors.push(typeInvalid(fieldOf(path, at), got, `${path} in body must be of type ${wanted}: ${JSON.stringify(got)}`));
  };
  if (types.length === 0) return;
  if (value === null) {
    if (!schema.nullable) wrong(types.join(","), "null");
    return;
  }
  const format = formatOf(schema);
  const fits = types.includes(found) || (found === "integer" && types.includes("number"));
  if (format !== "" && found !== "string" && found !== "array" && !fits) {
    wrong(format, found === "integer" ? "int64" : found === "number" ? "float64" : "");
    return;
  }
  const isNumeric = types.includes("number") || types.includes("integer");
  if (!isNumeric && format !== "" && (found === "string" || found === "array")) result.fits++;
  else if (fits) result.fits++;
  else wrong(types.join(","), found);
}

/** The format, where upstream knows it for the type. */
function formatOf(schema: StructuralSchema): string {
  const { format } = schema.source;
  if (!format) return "";
  const type = schema.types.length === 1 ? schema.types[0] : "";
  if (type === "" || type === "string") return isKnownFormat(format) ? format : "";
  if (type === "integer") return format === "int32" || format === "int64" ? format : "";
  return type === "number" && (format === "float" || format === "double") ? format : "";
}

function checkEnum(value: unknown, schema: StructuralSchema, path: string, at: string, result: Result): void {
  const { enum: values } = schema.source;
  if (!values || values.length === 0 || (value !== null && values.some((v) => jsonEqual(v, value)))) return;
  result.errors.push(
    notSupported(
      fieldOf(path, at),
      value,
      values.map((v) => (typeof v === "string" ? v : JSON.stringify(v))),
    ),
  );
}

const patterns = new Map<string, RE2JS | Error>();

/** Go's regular expressions are RE2: no backtracking, whatever the pattern. */
function compilePattern(pattern: string): RE2JS | Error {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    try {
      compiled = RE2JS.compile(pattern);
    } catch (error) {
      compiled = error as Error;
    }
    if (patterns.size > 1000) patterns.clear();
    patterns.set(pattern, compiled);
  }
  return compiled;
}

/** What is wrong with a pattern; undefined when it compiles. */
export function patternError(pattern: string): string | undefined {
  const compiled = compilePattern(pattern);
  return compiled instanceof Error ? compiled.message : undefined;
}

function checkString(value: string, schema: StructuralSchema, path: string, at: string, result: Result): void {
  const { maxLength, minLength, pattern } = schema.source;
  const length = maxLength === undefined && minLength === undefined ? 0 : Array.from(value).length;
  if (typeof maxLength === "number" && length > maxLength) result.errors.push(tooLong(fieldOf(path, at), maxLength));
  else if (typeof minLength === "number" && length < minLength) {
    result.errors.push(invalidField(fieldOf(path, at), value, `${path} in body should be at least ${minLength} chars long`));
  } else if (pattern) {
    const compiled = compilePattern(pattern);
    if (compiled instanceof Error) {
      result.errors.push(
        invalidField(fieldOf(path, at), value, `${path} in body should match '${pattern}, but pattern is invalid: ${compiled.message}'`),
      );
    } else if (!compiled.matcher(value).find())
      result.errors.push(invalidField(fieldOf(path, at), value, `${path} in body should match '${pattern}'`));
  }
  result.fits++;
}

function checkFormat(value: string, schema: StructuralSchema, path: string, at: string, result: Result): void {
  const format = formatOf(schema);
  if (format === "" || !isKnownFormat(format)) return;
  if (!hasFormat(format, value)) {
    result.errors.push(typeInvalid(fieldOf(path, at), value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
  result.fits++;
}

function checkNumber(value: number | bigint, schema: StructuralSchema, path: string, at: string, result: Result): void {
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema.source;
  const format = formatOf(schema);
  const whole = schema.types.length === 1 && schema.types[0] === "integer";
  /** Whether the number is one of the type, which is told where it is not. */
  const inRange = (n: number | bigint, what: string): boolean => {
    if (!whole || fitsInteger(n, format)) return true;
    const wanted = format === "" ? "(default format)" : `with format ${format}`;
    result.errors.push(invalidField(nowhere(at), "", `${what} value must be of type integer ${wanted} in ${path}`));
    return false;
  };
  inRange(value, "Checked");
  const isInteger = jsonType(value) === "integer";
  // Upstream compares integers with the integer part of a bound that is of the type.
  const bound = (limit: number, what: string): number => (inRange(limit, what) && isInteger ? Math.trunc(limit) : limit);
  const says = (what: string): void => {
    result.errors.push(invalidField(fieldOf(path, at), value, `${path} in body should be ${what}`));
  };
  if (typeof multipleOf === "number") {
    const factor = bound(multipleOf, "MultipleOf");
    if (factor <= 0)
      result.errors.push(invalidField(fieldOf(path, at), factor, `factor MultipleOf declared for ${path} must be positive: ${factor}`));
    else if (!isMultiple(value, factor)) says(`a multiple of ${factor}`);
  }
  if (typeof minimum === "number") {
    const limit = bound(minimum, "Minimum boundary");
    if (exclusiveMinimum ? value <= limit : value < limit) says(`greater than ${exclusiveMinimum ? "" : "or equal to "}${limit}`);
  }
  if (typeof maximum === "number") {
    const limit = bound(maximum, "Maximum boundary");
    if (exclusiveMaximum ? value >= limit : value > limit) says(`less than ${exclusiveMaximum ? "" : "or equal to "}${limit}`);
  }
  result.fits += 2;
}

function fitsInteger(value: number | bigint, format: string): boolean {
  if (typeof value === "number" && !Number.isInteger(value)) return false;
  return format === "int32" ? value <= 0x7fffffff && value >= -0x80000000 : value < 2 ** 63 && value >= -(2 ** 63);
}

function isMultiple(value: number | bigint, factor: number): boolean {
  const times = factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor;
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
}

/** The old item that a new one goes with: by key in lists of type map, none in other lists. */
function oldItem(item: unknown, schema: StructuralSchema, old: unknown): unknown {
  if (!Array.isArray(old) || schema.source["x-kubernetes-list-type"] !== "map") return undefined;
  const keys = schema.source["x-kubernetes-list-map-keys"] ?? [];
  return old.find((o) => keys.every((key) => jsonEqual((o as JsonObject | null)?.[key], (item as JsonObject | null)?.[key])));
}

function checkItems(items: unknown[], schema: StructuralSchema, path: string, old: unknown, at: string): Result {
  const result = new Result();
  if (schema.items !== undefined) {
    for (const [i, item] of items.entries()) result.merge(validate(item, schema.items, `${path}[${i}]`, oldItem(item, schema, old), at));
  }
  const { minItems, maxItems, uniqueItems } = schema.source;
  if (typeof minItems === "number" && items.length < minItems) {
    result.errors.push(invalidField(fieldOf(path, at), items.length, `${path} in body should have at least ${minItems} items`));
  }
  if (typeof maxItems === "number" && items.length > maxItems) result.errors.push(tooMany(fieldOf(path, at), items.length, maxItems));
  if (uniqueItems && items.some((item, i) => items.slice(0, i).some((other) => jsonEqual(item, other)))) {
    result.errors.push(invalidField(fieldOf(path, at), "", `${path} in body shouldn't contain duplicates`));
  }
  result.fits += 2;
  return result;
}

function checkProperties(object: JsonObject, schema: StructuralSchema, path: string, old: unknown, at: string): Result {
  const result = new Result();
  const { minProperties, maxProperties, required: names } = schema.source;
  const keys = Object.keys(object);
  const oldOf = (key: string): unknown =>
    typeof old === "object" && old !== null && Object.hasOwn(old, key) ? (old as JsonObject)[key] : undefined;
  if (typeof minProperties === "number" && keys.length < minProperties) {
    result.errors.push(invalidField(fieldOf(path, at), keys.length, `${path} in body should have at least ${minProperties} properties`));
  }
  if (typeof maxProperties === "number" && keys.length > maxProperties)
    result.errors.push(tooMany(fieldOf(path, at), keys.length, maxProperties));
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object") {
    for (const key of keys) {
      if (!schema.properties.has(key)) result.merge(validate(object[key], additionalProperties, `${path}.${key}`, oldOf(key), at));
    }
  }
  for (const [name, property] of schema.properties) {
    if (Object.hasOwn(object, name))
      result.merge(validate(object[name], property, path === "" ? name : `${path}.${name}`, oldOf(name), at));
  }
  for (const name of names ?? []) if (!Object.hasOwn(object, name)) result.errors.push(required(fieldOf(`${path}.${name}`, at)));
  result.fits++;
  return result;
}

function hasAlternatives({ anyOf, oneOf, allOf, not }: StructuralSchema): boolean {
  return anyOf.length > 0 || oneOf.length > 0 || allOf.length > 0 || not !== undefined;
}

/** allOf, anyOf, oneOf and not. Of failed alternatives the one that fits best is told. */
function checkAlternatives(value: unknown, schema: StructuralSchema, path: string, old: unknown, at: string): Result {
  const result = new Result();
  const says = (what: string): void => {
    result.errors.push(invalidField(nowhere(at), "", `${JSON.stringify(path)} ${what}`));
  };
  const tried = (alternatives: readonly StructuralSchema[]): Result[] => alternatives.map((s) => validate(value, s, path, old, at));
  if (schema.anyOf.length > 0) {
    const results = tried(schema.anyOf);
    const fit = results.find((r) => r.valid);
    if (fit === undefined) says("must validate at least one schema (anyOf)");
    result.merge(fit ?? best(results));
  }
  if (schema.oneOf.length > 0) {
    const results = tried(schema.oneOf);
    const fit = results.filter((r) => r.valid);
    if (fit.length === 1) result.merge(fit[0] as Result);
    else {
      says(
        `must validate one and only one schema (oneOf). ${fit.length === 0 ? "Found none valid" : `Found ${fit.length} valid alternatives`}`,
      );
      if (fit.length === 0) result.merge(best(results));
    }
  }
  if (schema.allOf.length > 0) {
    const results = tried(schema.allOf);
    for (const r of results) result.merge(r);
    const fit = results.filter((r) => r.valid).length;
    if (fit < results.length) says(`must validate all the schemas (allOf)${fit === 0 ? ". None validated" : ""}`);
  }
  if (schema.not !== undefined && validate(value, schema.not, path, undefined, at).valid) says("must not validate the schema (not)");
  result.fits++;
  return result;
}

function best(results: readonly Result[]): Result {
  let found = results[0] as Result;
  for (const r of results) if (r.fits > found.fits) found = r;
  return found;
}
