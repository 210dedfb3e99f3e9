import { CelError, noSuchOverload } from "./errors.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  LIST,
  MAP,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from "./types.ts";

/**
 * A value at run time. `int` is a bigint, `double` a number, `string` a string (functions count in code points), `bytes` a
 * Uint8Array, `list` an array; the other types have a class each.
 */
export type CelValue =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CelValue[]
  | CelUint
  | CelMap
  | CelTimestamp
  | CelDuration
  | CelOptional
  | CelTypeValue
  | CelOpaque;

export const INT_MAX: bigint = 2n ** 63n - 1n;
export const INT_MIN: bigint = -(2n ** 63n);
export const UINT_MAX: bigint = 2n ** 64n - 1n;

/** An unsigned integer of 64 bits. */
export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time, in nanoseconds since 1970. */
export class CelTimestamp {
  readonly ns: bigint;
  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/** A span of time in nanoseconds. */
export class CelDuration {
  readonly ns: bigint;
  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/** A value or none. */
export class CelOptional {
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A type as a value. */
export class CelTypeValue {
  readonly type: CelType;
  constructor(type: CelType) {
    this.type = type;
  }
}

/** A value of a library's own type; libraries extend it. */
export abstract class CelOpaque {
  abstract readonly type: CelType;
  abstract equals(other: CelValue): boolean;
  /** What its cost goes by, where it is not 1. */
  get size(): number | undefined {
    return undefined;
  }
}

/** A map or an object with fields; keys keep the order in which they came. */
export abstract class CelMap {
  abstract readonly size: number;
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): Iterable<CelValue>;
  /** The type that `type()` shows. */
  get type(): CelType {
    return MAP;
  }
  has(key: CelValue): boolean {
    return this.get(key) !== undefined;
  }
  /** `==` with another map. */
  equalTo(other: CelMap): boolean {
    if (this.size !== other.size) return false;
    for (const key of this.keys()) {
      const theirs = other.get(key);
      if (theirs === undefined || !equals(this.get(key) as CelValue, theirs)) return false;
    }
    return true;
  }
}

/** One text for all keys that are equal: 1, 1u and 1.0 are one key. */
export function keyText(key: CelValue): string | undefined {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "bigint") return `n${key}`;
  if (typeof key === "boolean") return `b${key}`;
  if (key instanceof CelUint) return `n${key.value}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : undefined;
  return undefined;
}

/** A map built by an expression. */
export class EntryMap extends CelMap {
  readonly #entries: Map<string, readonly [CelValue, CelValue]> = new Map();
  constructor(entries: Iterable<readonly [CelValue, CelValue]> = []) {
    super();
    for (const [key, value] of entries) this.insert(key, value);
  }
  /** Only for whoever builds the map. Throws CelError for a key that is there already, or can be none. */
  insert(key: CelValue, value: CelValue): this {
    const text = typeof key === "number" ? undefined : keyText(key);
    if (text === undefined) throw new CelError(`unsupported key type: ${typeOfValue(key).name}`);
    if (this.#entries.has(text)) throw new CelError(`insert failed: key ${text.slice(1)} already exists`);
    this.#entries.set(text, [key, value]);
    return this;
  }
  /** Only for whoever builds the map: the last of equal keys counts, where the first came. Throws CelError for what can be no key. */
  put(key: CelValue, value: CelValue): void {
    const text = typeof key === "number" ? undefined : keyText(key);
    if (text === undefined) throw new CelError(`unsupported key type: ${typeOfValue(key).name}`);
    this.#entries.set(text, [key, value]);
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: CelValue): CelValue | undefined {
    const text = keyText(key);
    return text === undefined ? undefined : this.#entries.get(text)?.[1];
  }
  *keys(): Iterable<CelValue> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** The type of a value as `type()` and the choice of overloads see it. */
export function typeOfValue(value: CelValue): CelType {
  switch (typeof value) {
    case "bigint":
      return INT;
    case "number":
      return DOUBLE;
    case "string":
      return STRING;
    case "boolean":
      return BOOL;
    default:
      break;
  }
  if (value === null) return NULL;
  if (Array.isArray(value)) return LIST;
  if (value instanceof CelMap) return value.type;
  if (value instanceof CelUint) return UINT;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof CelTimestamp) return TIMESTAMP;
  if (value instanceof CelDuration) return DURATION;
  if (value instanceof CelTypeValue) return TYPE;
  if (value instanceof CelOptional) return optionalOf(DYN);
  return (value as CelOpaque).type;
}

export const isList = (value: CelValue): value is readonly CelValue[] => Array.isArray(value);

/** A number of any of the three kinds, as something that JavaScript compares exactly; undefined of what is no number. */
function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof CelUint ? value.value : undefined;
}

/** CEL's `==`: numbers by value across kinds, values of different types are unequal. */
export function equals(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    return right !== undefined && compareNumbers(left, right) === 0;
  }
  if (a === null || b === null) return false;
  if (isList(a)) return isList(b) && listsEqual(a, b);
  if (a instanceof CelMap) return b instanceof CelMap && a.equalTo(b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.ns === b.ns;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.ns === b.ns;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.type.name === b.type.name;
  if (a instanceof CelOptional) {
    if (!(b instanceof CelOptional)) return false;
    return a.value === undefined || b.value === undefined ? a.value === b.value : equals(a.value, b.value);
  }
  return a instanceof CelOpaque && a.equals(b);
}

/** How lists whose order means nothing are compared and joined: see `list-semantics.ts`. */
export interface ListSemantics {
  equal(a: readonly CelValue[], b: readonly CelValue[]): boolean;
  join(a: readonly CelValue[], b: readonly CelValue[]): readonly CelValue[];
}

/** Where such a list keeps its {@link ListSemantics}. */
export const LIST_SEMANTICS: unique symbol = Symbol("list semantics");

export function listSemanticsOf(list: readonly CelValue[]): ListSemantics | undefined {
  return (list as readonly CelValue[] & { readonly [LIST_SEMANTICS]?: ListSemantics })[LIST_SEMANTICS];
}

/** The left side says how. */
function listsEqual(a: readonly CelValue[], b: readonly CelValue[]): boolean {
  const semantics = listSemanticsOf(a);
  if (semantics) return semantics.equal(a, b);
  return a.length === b.length && a.every((v, i) => equals(v, b[i] as CelValue));
}

/** An integer beside a double becomes one, with the loss that this may have. NaN where either is NaN. */
function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
  const left = Number(a);
  const right = Number(b);
  return left < right ? -1 : left > right ? 1 : left === right ? 0 : Number.NaN;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(a.length - b.length);
}

/** By code points, where JavaScript's `<` goes by UTF-16 units. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above every other unit.
    const surrogateX = x >= 0xd800 && x <= 0xdfff;
    const surrogateY = y >= 0xd800 && y <= 0xdfff;
    if (surrogateX !== surrogateY) return surrogateX ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

/** Below zero, zero or above; NaN where either side is NaN. Throws CelError where the two have no order. */
export function compare(a: CelValue, b: CelValue): number {
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    if (right === undefined) throw noSuchOverload();
    return compareNumbers(left, right);
  }
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if ((a instanceof CelTimestamp && b instanceof CelTimestamp) || (a instanceof CelDuration && b instanceof CelDuration)) {
    return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  }
  throw noSuchOverload();
}
