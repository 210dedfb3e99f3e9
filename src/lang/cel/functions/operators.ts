import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { addToTimestamp, durationOf, timestampOf } from "../time.ts";
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, listOf, mapOf, param, STRING, TIMESTAMP, UINT } from "../types.ts";
import {
  type CelDuration,
  type CelMap,
  type CelTimestamp,
  CelUint,
  type CelValue,
  compare,
  equals,
  INT_MAX,
  INT_MIN,
  listSemanticsOf,
  UINT_MAX,
} from "../values.ts";

const A = param("A");
const B = param("B");

/** Throws CelError where the number does not fit into an int. */
export function int(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw new CelError("integer overflow");
  return value;
}

/** Throws CelError where the number does not fit into a uint. */
export function uint(value: bigint): CelUint {
  if (value < 0n || value > UINT_MAX) throw new CelError("unsigned integer overflow");
  return new CelUint(value);
}

function nonZero(value: bigint, what: string): bigint {
  if (value === 0n) throw new CelError(what);
  return value;
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function joinLists(a: readonly CelValue[], b: readonly CelValue[]): readonly CelValue[] {
  return listSemanticsOf(a)?.join(a, b) ?? [...a, ...b];
}

const COMPARABLE: readonly (readonly [string, CelType])[] = [
  ["bool", BOOL],
  ["int64", INT],
  ["uint64", UINT],
  ["double", DOUBLE],
  ["string", STRING],
  ["bytes", BYTES],
  ["timestamp", TIMESTAMP],
  ["duration", DURATION],
];
const NUMBERS = COMPARABLE.slice(1, 4);

function ordering(id: string, holds: (order: number) => boolean): FunctionTable[string] {
  const call = (a: CelValue, b: CelValue): boolean => holds(compare(a, b));
  const across = NUMBERS.flatMap(([x, left]) =>
    NUMBERS.filter(([y]) => x !== y).map(([y, right]) => global(`${id}_${x}_${y}`, [left, right], BOOL, call)),
  );
  return [...COMPARABLE.map(([name, type]) => global(`${id}_${name}`, [type, type], BOOL, call)), ...across];
}

const sizes: readonly (readonly [string, CelType, (value: never) => bigint])[] = [
  ["string", STRING, (s: string) => BigInt(codePoints(s))],
  ["bytes", BYTES, (b: Uint8Array) => BigInt(b.length)],
  ["list", listOf(A), (l: readonly CelValue[]) => BigInt(l.length)],
  ["map", mapOf(A, B), (m: CelMap) => BigInt(m.size)],
];

/** How many code points a string has. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0xd800 && c <= 0xdbff) count--;
  }
  return count;
}

function element(list: readonly CelValue[], index: CelValue): CelValue {
  const at = index instanceof CelUint ? index.value : index;
  if (typeof at === "number" && !Number.isInteger(at)) throw new CelError(`unsupported index value: ${at}`);
  const found = list[Number(at)];
  if (found === undefined) throw new CelError(`index out of bounds: ${String(at)}`);
  return found;
}

function entry(map: CelMap, key: CelValue): CelValue {
  const found = map.get(key);
  if (found === undefined) throw new CelError(`no such key: ${keyName(key)}`);
  return found;
}

export function keyName(key: CelValue): string {
  if (key instanceof CelUint) return String(key.value);
  return typeof key === "string" || typeof key === "bigint" || typeof key === "number" || typeof key === "boolean" ? String(key) : "";
}

/** The operators that take all their arguments, and `size`. The others (`&&`, `||`, `?:`) are the evaluator's. */
export const OPERATORS: FunctionTable = {
  "_==_": [global("equals", [A, A], BOOL, equals)],
  "_!=_": [global("not_equals", [A, A], BOOL, (a: CelValue, b: CelValue) => !equals(a, b))],
  "_<_": ordering("less", (order) => order < 0),
  "_<=_": ordering("less_equals", (order) => order <= 0),
  "_>_": ordering("greater", (order) => order > 0),
  "_>=_": ordering("greater_equals", (order) => order >= 0),
  "!_": [global("logical_not", [BOOL], BOOL, (a: boolean) => !a)],
  "-_": [global("negate_int64", [INT], INT, (a: bigint) => int(-a)), global("negate_double", [DOUBLE], DOUBLE, (a: number) => -a)],
  "_+_": [
    global("add_int64", [INT, INT], INT, (a: bigint, b: bigint) => int(a + b)),
    global("add_string", [STRING, STRING], STRING, (a: string, b: string) => a + b),
    global("add_list", [listOf(A), listOf(A)], listOf(A), joinLists),
    global("add_uint64", [UINT, UINT], UINT, (a: CelUint, b: CelUint) => uint(a.value + b.value)),
    global("add_double", [DOUBLE, DOUBLE], DOUBLE, (a: number, b: number) => a + b),
    global("add_bytes", [BYTES, BYTES], BYTES, joinBytes),
    global("add_duration_duration", [DURATION, DURATION], DURATION, (a: CelDuration, b: CelDuration) => durationOf(a.ns + b.ns)),
    global("add_duration_timestamp", [DURATION, TIMESTAMP], TIMESTAMP, (a: CelDuration, b: CelTimestamp) => addToTimestamp(b, a.ns)),
    global("add_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP, (a: CelTimestamp, b: CelDuration) => addToTimestamp(a, b.ns)),
  ],
  "_-_": [
    global("subtract_int64", [INT, INT], INT, (a: bigint, b: bigint) => int(a - b)),
    global("subtract_uint64", [UINT, UINT], UINT, (a: CelUint, b: CelUint) => uint(a.value - b.value)),
    global("subtract_double", [DOUBLE, DOUBLE], DOUBLE, (a: number, b: number) => a - b),
    global("subtract_duration_duration", [DURATION, DURATION], DURATION, (a: CelDuration, b: CelDuration) => durationOf(a.ns - b.ns)),
    global("subtract_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP, (a: CelTimestamp, b: CelDuration) => timestampOf(a.ns - b.ns)),
    global("subtract_timestamp_timestamp", [TIMESTAMP, TIMESTAMP], DURATION, (a: CelTimestamp, b: CelTimestamp) => durationOf(a.ns - b.ns)),
  ],
  "_*_": [
    global("multiply_int64", [INT, INT], INT, (a: bigint, b: bigint) => int(a * b)),
    global("multiply_uint64", [UINT, UINT], UINT, (a: CelUint, b: CelUint) => uint(a.value * b.value)),
    global("multiply_double", [DOUBLE, DOUBLE], DOUBLE, (a: number, b: number) => a * b),
  ],
  "_/_": [
    global("divide_int64", [INT, INT], INT, (a: bigint, b: bigint) => int(a / nonZero(b, "division by zero"))),
    global("divide_uint64", [UINT, UINT], UINT, (a: CelUint, b: CelUint) => uint(a.value / nonZero(b.value, "division by zero"))),
    global("divide_double", [DOUBLE, DOUBLE], DOUBLE, (a: number, b: number) => a / b),
  ],
  "_%_": [
    global("modulo_int64", [INT, INT], INT, (a: bigint, b: bigint) => {
      if (a === INT_MIN && b === -1n) throw new CelError("integer overflow");
      return a % nonZero(b, "modulus by zero");
    }),
    global("modulo_uint64", [UINT, UINT], UINT, (a: CelUint, b: CelUint) => uint(a.value % nonZero(b.value, "modulus by zero"))),
  ],
  "@in": [
    global("in_list", [A, listOf(A)], BOOL, (v: CelValue, list: readonly CelValue[]) => list.some((e) => equals(v, e))),
    global("in_map", [A, mapOf(A, B)], BOOL, (key: CelValue, map: CelMap) => map.has(key)),
  ],
  "_[_]": [global("index_list", [listOf(A), INT], A, element), global("index_map", [mapOf(A, B), A], B, entry)],
  size: sizes.flatMap(([name, type, call]) => [global(`size_${name}`, [type], INT, call), method(`${name}_size`, [type], INT, call)]),
};
