/**
 * What upstream makes of a tree that does not become an object of its type as it stands, after a strategic merge patch or
 * an apply: it converts field by field, with messages of its own; integers wrap around, as Go's conversions do.
 */
import { corruptBase64 } from "../json-strict.ts";
import { canonicalQuantity } from "../../core/quantity.ts";
import { type Shape, type TypeRow, typeRow } from "../scheme.ts";
import { canonicalMicroTime, canonicalTime } from "../time.ts";
import { isObject } from "./tree.ts";

export interface ConversionFaults {
  /** The first value that does not fit. */
  readonly error: string | undefined;
  /** `unknown field "spec.foo"`, sorted. */
  readonly unknown: readonly string[];
}

/** Looks for the faults of a tree that stands for an object of `typeName`. */
export function conversionFaults(typeName: string, tree: unknown): ConversionFaults {
  const unknown: string[] = [];
  try {
    visit(tree, { kind: "message", type: typeName }, typeRow(typeName).goName, "", unknown);
    return { error: undefined, unknown: unknown.sort() };
  } catch (error) {
    return { error: (error as Error).message, unknown: [] };
  }
}

/**
 * The tree with the integers that their fields do not hold cut to their low bits. Only for trees without a fault of
 * {@link conversionFaults}.
 */
export function wrapIntegers(typeName: string, tree: unknown): unknown {
  return wrap(tree, { kind: "message", type: typeName });
}

function wrap(value: unknown, shape: Shape): unknown {
  if (value === null || value === undefined) return value;
  switch (shape.kind) {
    case "message": {
      const row = typeRow(shape.type);
      if (row.special !== undefined || !isObject(value)) return value;
      const copy: Record<string, unknown> = { ...value };
      for (const field of row.fields) if (Object.hasOwn(copy, field.name)) copy[field.name] = wrap(copy[field.name], field.shape);
      return copy;
    }
    case "list":
      return Array.isArray(value) ? value.map((item) => wrap(item, shape.item)) : value;
    case "map":
      return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, wrap(part, shape.value)])) : value;
    case "int32":
      return Number(BigInt.asIntN(32, int64(value)));
    case "uint32":
      return Number(BigInt.asUintN(32, int64(value)));
    case "int64":
      return typeof value === "number" && Number.isSafeInteger(value) ? value : int64(value);
    default:
      return value;
  }
}

/** What is beyond 64 bits is a float to Go, and becomes the least integer. */
function int64(value: unknown): bigint {
  const whole = BigInt(value as number | bigint);
  return BigInt.asIntN(64, whole) === whole ? whole : -(2n ** 63n);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (typeof value === "object") return "map";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return Number.isInteger(Number(value)) ? "int64" : "float64";
}

function visit(value: unknown, shape: Shape, goType: string, path: string, unknown: string[]): void {
  if (value === null || value === undefined) return;
  switch (shape.kind) {
    case "message": {
      const row = typeRow(shape.type);
      if (row.special !== undefined) special(value, row);
      else struct(value, row, path, unknown);
      return;
    }
    case "list": {
      if (!Array.isArray(value)) throw new Error(`cannot restore slice from ${kindOf(value)}`);
      for (const [i, item] of value.entries()) visit(item, shape.item, goType.replace(/^\[\]/, ""), `${path}[${i}]`, unknown);
      return;
    }
    case "map":
      if (!isObject(value)) throw new Error(`cannot restore map from ${kindOf(value)}`);
      for (const key of Object.keys(value).sort()) visit(value[key], shape.value, goType.replace(/^map\[[^\]]*\]/, ""), path, unknown);
      return;
    case "bytes":
      bytes(value);
      return;
    case "any":
      return;
    default:
      scalar(value, shape.kind, goType);
  }
}

function bytes(value: unknown): void {
  if (typeof value !== "string") throw new Error(`cannot restore slice from ${kindOf(value)}`);
  const at = corruptBase64(value);
  if (at >= 0) throw new Error(`error decoding from json: illegal base64 data at input byte ${at}`);
}

function scalar(value: unknown, kind: string, goType: string): void {
  const found = kindOf(value);
  const isNumber = found === "int64" || found === "float64";
  if (kind === "string" ? found === "string" : kind === "bool" ? found === "bool" : kind === "float64" ? isNumber : found === "int64")
    return;
  // Go counts an integer as convertible to a string, and a number to a number.
  if ((kind === "string" && found === "int64") || (isNumber && kind !== "string" && kind !== "bool")) {
    throw new Error(`cannot convert ${found} to ${goType}`);
  }
  throw new Error(`unrecognized type: ${kind}`);
}

function struct(value: unknown, row: TypeRow, path: string, unknown: string[]): void {
  if (!isObject(value)) throw new Error(`cannot restore struct from: ${kindOf(value)}`);
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  for (const field of row.fields) {
    if (Object.hasOwn(value, field.name)) visit(value[field.name], field.shape, field.goType, at(field.name), unknown);
  }
  for (const key of Object.keys(value)) {
    if (!row.byName.has(key)) unknown.push(`unknown field ${JSON.stringify(at(key))}`);
  }
}

function special(value: unknown, row: TypeRow): void {
  const found = kindOf(value) === "map" ? "object" : kindOf(value) === "slice" ? "array" : kindOf(value).replace(/int64|float64/, "number");
  const wrong = (type: string): Error => new Error(`json: cannot unmarshal ${found} into Go value of type ${type}`);
  switch (row.special) {
    case "Quantity":
      canonicalQuantity(typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : "{");
      return;
    case "Time":
    case "MicroTime":
      if (typeof value !== "string") throw wrong("string");
      if (row.special === "Time") canonicalTime(value);
      else canonicalMicroTime(value);
      return;
    case "IntOrString":
      if (typeof value === "string" || (typeof value === "number" && (value | 0) === value)) return;
      if (typeof value === "number" || typeof value === "bigint") {
        throw new Error(`json: cannot unmarshal number ${value} into Go value of type int32`);
      }
      throw wrong("int32");
    default:
  }
}
