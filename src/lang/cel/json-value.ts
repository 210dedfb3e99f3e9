/**
 * JSON as values of expressions, read as it is asked for: by a schema as custom resources are (upstream's
 * `UnstructuredToVal`), without one as Go's unstructured objects are.
 */
import { CelError, noSuchOverload } from "./errors.ts";
import { escapeFieldName, unescapeFieldName } from "./field-names.ts";
import { markUnordered } from "./list-semantics.ts";
import { readBase64, readDate, readDateTime, readGoDuration } from "./string-formats.ts";
import { type CelType, UNKNOWN } from "./types.ts";
import { CelMap, CelOpaque, type CelValue, equals } from "./values.ts";
import type { ValueSchema } from "./value-schema.ts";

type Json = { readonly [key: string]: unknown };

const INT_LIMIT = 2 ** 63;

/** The value of a JSON tree. Throws CelError where it does not fit the schema; deeper parts throw when they are read. */
export function jsonValue(json: unknown, schema?: ValueSchema): CelValue {
  return schema === undefined ? dynamicValue(json) : typedValue(json, schema);
}

function dynamicValue(json: unknown): CelValue {
  switch (typeof json) {
    case "string":
    case "boolean":
    case "bigint":
      return json;
    case "number":
      return Number.isInteger(json) && json >= -INT_LIMIT && json < INT_LIMIT ? BigInt(json) : json;
    default:
      if (json === null || json === undefined) return null;
      return Array.isArray(json) ? json.map(dynamicValue) : new DynamicMap(json as Json);
  }
}

/** A JSON object without schema. Parts are made once. */
class DynamicMap extends CelMap {
  readonly #json: Json;
  readonly #known = new Map<string, CelValue>();
  #size = -1;
  constructor(json: Json) {
    super();
    this.#json = json;
  }
  get size(): number {
    if (this.#size < 0) this.#size = Object.keys(this.#json).length;
    return this.#size;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.#json, key)) return undefined;
    const json = this.#json[key];
    if (json === undefined) return undefined;
    const value = dynamicValue(json);
    if (typeof value === "object") this.#known.set(key, value);
    return value;
  }
  override has(key: CelValue): boolean {
    return typeof key === "string" && Object.hasOwn(this.#json, key);
  }
  keys(): Iterable<CelValue> {
    return Object.keys(this.#json);
  }
  get json(): unknown {
    return this.#json;
  }
}

function typedValue(json: unknown, schema: ValueSchema): CelValue {
  if (json === null || json === undefined) {
    if (schema.nullable) return null;
    throw new CelError("invalid data, got null for schema with nullable=false");
  }
  switch (schema.kind) {
    case "object":
      if (typeof json !== "object" || Array.isArray(json)) {
        throw new CelError("invalid data, expected a map for the provided schema with type=object");
      }
      return new TypedMap(json as Json, schema);
    case "array":
      return typedList(json, schema);
    case "string":
      if (typeof json !== "string") throw new CelError(`invalid data, expected string, got ${goType(json)}`);
      return stringValue(json, schema.format);
    case "integer":
      if (typeof json === "bigint") return json;
      if (typeof json === "number" && Number.isInteger(json)) return BigInt(json);
      throw new CelError(`invalid data, expected int, got ${goType(json)}`);
    case "number":
      if (typeof json === "number" || typeof json === "bigint") return Number(json);
      throw new CelError(`invalid data, expected float, got ${goType(json)}`);
    case "boolean":
      if (typeof json !== "boolean") throw new CelError(`invalid data, expected bool, got ${goType(json)}`);
      return json;
    case "int-or-string":
      if (typeof json === "string" || typeof json === "bigint") return json;
      if (typeof json === "number" && Number.isInteger(json)) return BigInt(json);
      throw new CelError("invalid data, expected XIntOrString value to be either a string or integer");
    case "preserved":
      return new Preserved(json);
    default:
      throw new CelError(
        "invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string " +
          `or x-kubernetes-preserve-unknown-fields is true, got ${schema.source.type ?? ""}`,
      );
  }
}

/** As Go's `%T` names the types of decoded JSON. */
function goType(json: unknown): string {
  if (typeof json === "boolean") return "bool";
  if (typeof json === "bigint") return "int64";
  if (typeof json === "number") return Number.isInteger(json) ? "int64" : "float64";
  if (typeof json === "string") return "string";
  return Array.isArray(json) ? "[]interface {}" : "map[string]interface {}";
}

function stringValue(text: string, format: string): CelValue {
  switch (format) {
    case "duration":
      return readGoDuration(text);
    case "date":
      return readDate(text);
    case "date-time":
      return readDateTime(text);
    case "byte":
      return readBase64(text);
    default:
      return text;
  }
}

function typedList(json: unknown, schema: ValueSchema): CelValue {
  if (!Array.isArray(json)) throw new CelError("invalid data, expected an array for the provided schema with type=array");
  const { items } = schema;
  if (items === undefined) throw new CelError("invalid array type, expected Items with a non-empty Schema");
  const list = (json as unknown[]).map((item) => typedValue(item, items));
  switch (schema.listType) {
    case "":
    case "atomic":
      break;
    case "set":
      markUnordered(list, undefined);
      break;
    case "map":
      markUnordered(
        list,
        schema.listMapKeys.map((key) => escapeFieldName(key) ?? key),
      );
      break;
    default:
      throw new CelError(`invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but got ${schema.listType}`);
  }
  return list;
}

/** A JSON object under a schema: fields go by escaped names, and an absent or null field of an object is none. */
class TypedMap extends CelMap {
  readonly #json: Json;
  readonly #schema: ValueSchema;
  readonly #known = new Map<string, CelValue>();
  constructor(json: Json, schema: ValueSchema) {
    super();
    this.#json = json;
    this.#schema = schema;
  }
  get size(): number {
    return Object.keys(this.#json).length;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== "string") throw noSuchOverload();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const isObject = this.#schema.properties !== undefined;
    const name = isObject ? unescapeFieldName(key) : key;
    if (name === undefined || !Object.hasOwn(this.#json, name)) return undefined;
    const json = this.#json[name];
    if (json === undefined || (isObject && json === null)) return undefined;
    const schema = this.#schema.field(name);
    if (schema === undefined) return undefined;
    const value = typedValue(json, schema);
    if (typeof value === "object") this.#known.set(key, value);
    return value;
  }
  *keys(): Iterable<CelValue> {
    const isObject = this.#schema.properties !== undefined;
    for (const name of Object.keys(this.#json)) {
      if (this.#schema.field(name)) yield isObject ? (escapeFieldName(name) ?? name) : name;
    }
  }
  get json(): unknown {
    return this.#json;
  }
  /** Fields that the schema does not know are compared as JSON where both sides have them. */
  override equalTo(other: CelMap): boolean {
    if (this.size !== other.size) return false;
    for (const name of Object.keys(this.#json)) {
      if (this.#schema.field(name)) {
        const mine = this.get(name);
        const theirs = other.get(name);
        if (mine === undefined || theirs === undefined ? mine !== theirs : !equals(mine, theirs)) return false;
      } else {
        if (!(other instanceof TypedMap)) throw noSuchOverload();
        if (Object.hasOwn(other.#json, name) && !sameJson(this.#json[name], other.#json[name])) return false;
      }
    }
    return true;
  }
}

/** Data without a type, which expressions can only compare. */
class Preserved extends CelOpaque {
  readonly type: CelType = UNKNOWN;
  readonly json: unknown;
  constructor(json: unknown) {
    super();
    this.json = json;
  }
  equals(other: CelValue): boolean {
    if (other instanceof Preserved) return sameJson(this.json, other.json);
    return false;
  }
}

function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((v, i) => sameJson(v, b[i]));
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && sameJson((a as Json)[key], (b as Json)[key]));
}

/** The JSON that a value was read from; undefined of values that were not, which have to be written out. */
export function sourceJson(value: CelValue): unknown {
  return value instanceof DynamicMap || value instanceof TypedMap || value instanceof Preserved ? value.json : undefined;
}
