/**
 * Brings an object into the shape in which Go would marshal it: presence by pointer, value and omitempty, keys in the order
 * of Go's structs (maps sorted), quantities and times canonical, unknown fields gone. One closure a type, made on first use
 * from its row.
 */
import { setOwn } from "./json-exact.ts";
import { canonicalQuantity, QuantityError } from "../core/quantity.ts";
import { type FieldRow, type Shape, type SpecialType, type TypeRow, typeRow } from "./scheme.ts";
import { canonicalMicroTime, canonicalTime, TimeError } from "./time.ts";

/** Thrown where a value's type is not the field's; the caller words the error. */
export class TypeMismatch extends Error {
  constructor() {
    super("the value does not fit the type");
  }
}
/** One instance: it carries nothing, and making it would walk the stack. */
export const mismatch: TypeMismatch = new TypeMismatch();

/** What a walk found besides the object. */
export interface NormalizeReport {
  /** Some object had a key its type does not know. */
  unknownFields: boolean;
}

type JsonObject = Record<string, unknown>;
/** `undefined` means: leave the field out. */
type Normalizer = (value: unknown, report: NormalizeReport) => unknown;

const normalizers = new Map<string, Normalizer>();

/** The normaliser of a type's value (not of a pointer to it). */
function normalizerOf(typeName: string): Normalizer {
  let known = normalizers.get(typeName);
  if (known === undefined) {
    const row = typeRow(typeName);
    known = row.special === undefined ? messageNormalizer(row) : specials[row.special];
    normalizers.set(typeName, known);
  }
  return known;
}

function keyCount(object: JsonObject): number {
  let count = 0;
  for (const _ in object) count++;
  return count;
}

interface FieldPlan {
  readonly name: string;
  readonly normalize: Normalizer;
  /** The value of an absent field; undefined leaves it out. */
  readonly absent: ((report: NormalizeReport) => unknown) | undefined;
}

function messageNormalizer(row: TypeRow): Normalizer {
  let plans: FieldPlan[] | undefined;
  return (value, report) => {
    if (typeof value !== "object" || Array.isArray(value)) throw mismatch;
    const source = (value ?? {}) as JsonObject;
    plans ??= row.fields.map((f) => fieldPlan(f, row));
    const result: JsonObject = {};
    let used = 0;
    for (let i = 0; i < plans.length; i++) {
      const plan = plans[i] as FieldPlan;
      const given = source[plan.name];
      if (given === undefined) {
        if (plan.absent !== undefined) result[plan.name] = plan.absent(report);
        continue;
      }
      used++;
      const field = plan.normalize(given, report);
      if (field !== undefined) result[plan.name] = field;
    }
    if (used !== keyCount(source)) report.unknownFields = true;
    return result;
  };
}

function fieldPlan(field: FieldRow, row: TypeRow): FieldPlan {
  const { name, shape } = field;
  const inner = shapeNormalizer(shape);
  if (field.pointer) {
    const nil = field.omitEmpty ? undefined : null;
    return {
      name,
      normalize: (value, report) => (value === null ? nil : inner(value, report)),
      absent: field.omitEmpty ? undefined : () => null,
    };
  }
  const isValueStruct = shape.kind === "message";
  if (isValueStruct && field.omitZero) {
    const normalize: Normalizer = (value, report) => inner(value, report) ?? undefined;
    return { name, normalize, absent: undefined };
  }
  if (!field.omitEmpty || isValueStruct) {
    // An empty list of items stays a list: clients count it.
    const emptyItems = name === "items" && row.name.endsWith("List");
    const normalize: Normalizer = emptyItems
      ? (value, report) => inner(value, report) ?? []
      : shape.kind === "bytes"
        ? (value, report) => (value === null ? null : inner(value, report))
        : inner;
    return { name, normalize, absent: (report) => normalize(null, report) };
  }
  const zero = shape.kind === "string" || shape.kind === "bytes" ? "" : shape.kind === "bool" ? false : 0;
  const isCollection = shape.kind === "list" || shape.kind === "map" || shape.kind === "any";
  const normalize: Normalizer = isCollection
    ? (value, report) => inner(value, report) ?? undefined
    : (value, report) => {
        const result = inner(value, report);
        return result === zero || result === null ? undefined : result;
      };
  return { name, normalize, absent: undefined };
}

/** Null in, Go's zero out: a list or map that is empty is nil, which Go's protobuf makes of it on the way to the store. */
function shapeNormalizer(shape: Shape): Normalizer {
  switch (shape.kind) {
    case "string":
      return string;
    case "bool":
      return bool;
    case "int32":
      return int32;
    case "uint32":
      return uint32;
    case "int64":
      return int64;
    case "float64":
      return float64;
    case "bytes":
      return bytes;
    case "any":
      return any;
    case "list":
      return listNormalizer(shape.item);
    case "map":
      return mapNormalizer(shape.value);
    case "message": {
      let inner: Normalizer | undefined;
      return (value, report) => {
        inner ??= normalizerOf(shape.type);
        return inner(value, report);
      };
    }
  }
}

function listNormalizer(item: Shape): Normalizer {
  const inner = shapeNormalizer(item);
  return (value, report) => {
    if (value === null) return null;
    if (!Array.isArray(value)) throw mismatch;
    if (value.length === 0) return null;
    const result: unknown[] = [];
    for (let i = 0; i < value.length; i++) result.push(inner(value[i], report));
    return result;
  };
}

function mapNormalizer(shape: Shape): Normalizer {
  const inner = shapeNormalizer(shape);
  return (value, report) => {
    if (value === null) return null;
    if (typeof value !== "object" || Array.isArray(value)) throw mismatch;
    const keys = sortedKeys(value as JsonObject);
    if (keys.length === 0) return null;
    const result: JsonObject = {};
    for (const key of keys) {
      const given = (value as JsonObject)[key];
      if (given !== undefined) setOwn(result, key, inner(given, report));
    }
    return result;
  };
}

/** Go compares bytes; UTF-16 order differs from it only beyond the basic plane. */
export function sortedKeys(map: JsonObject): string[] {
  const keys = Object.keys(map);
  for (let i = 1; i < keys.length; i++) if ((keys[i] as string) < (keys[i - 1] as string)) return keys.sort();
  return keys;
}

const string: Normalizer = (value) => {
  if (typeof value === "string") return value;
  if (value === null) return "";
  throw mismatch;
};

const bool: Normalizer = (value) => {
  if (typeof value === "boolean") return value;
  if (value === null) return false;
  throw mismatch;
};

const int32: Normalizer = (value) => {
  if (typeof value === "number" && (value | 0) === value) return value;
  if (value === null) return 0;
  throw mismatch;
};

const uint32: Normalizer = (value) => {
  if (typeof value === "number" && value >>> 0 === value) return value;
  if (value === null) return 0;
  throw mismatch;
};

const int64: Normalizer = (value) => {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value === null) return 0;
  throw mismatch;
};

const float64: Normalizer = (value) => {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value === null) return 0;
  throw mismatch;
};

const bytes: Normalizer = (value) => {
  if (value === null) return "";
  if (typeof value !== "string") throw mismatch;
  const canonical = Buffer.from(value, "base64").toString("base64");
  if (canonical === value) return value;
  // Line breaks are allowed, anything else that Node skips is not.
  const stripped = value.replace(/[\r\n]/g, "");
  if (stripped.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(stripped)) throw mismatch;
  return canonical;
};

const any: Normalizer = (value) => value;

const raw: Normalizer = (value) => value;

function jsonSchemaOr(accepts: (value: unknown) => boolean, list: Normalizer | undefined): Normalizer {
  return (value, report) => {
    if (value === null) return null;
    if (Array.isArray(value)) return list === undefined ? null : list(value, report);
    if (typeof value === "object") return normalizerOf(jsonSchemaProps)(value, { ...report });
    if (accepts(value)) return value;
    throw mismatch;
  };
}

const jsonSchemaProps = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

const specials: Record<SpecialType, Normalizer> = {
  Quantity: (value) => {
    if (value === null) return "0";
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") throw mismatch;
    try {
      return canonicalQuantity(typeof value === "string" ? value.trim() : String(value));
    } catch (error) {
      throw error instanceof QuantityError ? mismatch : error;
    }
  },
  Time: (value) => time(value, canonicalTime),
  MicroTime: (value) => time(value, canonicalMicroTime),
  IntOrString: (value) => {
    if (typeof value === "string" || (typeof value === "number" && (value | 0) === value)) return value;
    if (value === null) return 0;
    throw mismatch;
  },
  RawExtension: raw,
  FieldsV1: raw,
  JSON: raw,
  JSONSchemaPropsOrArray: jsonSchemaOr(() => false, listNormalizer({ kind: "message", type: jsonSchemaProps })),
  JSONSchemaPropsOrBool: jsonSchemaOr((value) => typeof value === "boolean", undefined),
  JSONSchemaPropsOrStringArray: jsonSchemaOr(() => false, listNormalizer({ kind: "string" })),
};

function time(value: unknown, canonical: (text: string) => string | null): unknown {
  if (value === null) return null;
  if (typeof value !== "string") throw mismatch;
  try {
    return canonical(value);
  } catch (error) {
    throw error instanceof TimeError ? mismatch : error;
  }
}

/** Normalises, and tells of unknown fields. Throws {@link TypeMismatch}. */
export function normalizeReporting(typeName: string, value: unknown, report: NormalizeReport): unknown {
  return withReset(normalizerOf(typeName)(value, report), value);
}

/** An empty list of managers is no absent one: it asks to forget all of them (server-side apply). */
function withReset(object: unknown, source: unknown): unknown {
  const written = (source as { metadata?: { managedFields?: unknown } | null } | null)?.metadata?.managedFields;
  if (Array.isArray(written) && written.length === 0) (object as { metadata: { managedFields?: unknown } }).metadata.managedFields = [];
  return object;
}

/**
 * An object that did not come from JSON text (a controller made it, a patch changed it) as Go would marshal it. The
 * argument is not changed. Throws {@link TypeMismatch} where a value does not fit its field.
 */
export function normalize<T extends object>(typeName: string, value: object): T {
  return withReset(normalizerOf(typeName)(value, { unknownFields: false }), value) as T;
}
