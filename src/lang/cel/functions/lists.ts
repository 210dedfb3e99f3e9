import { CelError } from "../errors.ts";
import { dispatch, type FunctionTable, global, method, type Overload } from "../function.ts";
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, param, STRING, TIMESTAMP, UINT } from "../types.ts";
import { CelDuration, CelUint, type CelValue, compare, equals, isList, typeOfValue } from "../values.ts";
import { OPERATORS } from "./operators.ts";

type List = readonly CelValue[];

const A = param("A");
const SUMMABLE: readonly (readonly [string, CelType, CelValue])[] = [
  ["int", INT, 0n],
  ["uint", UINT, new CelUint(0n)],
  ["double", DOUBLE, 0],
  ["duration", DURATION, new CelDuration(0n)],
];
const COMPARABLE: readonly (readonly [string, CelType])[] = [
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["bool", BOOL],
  ["duration", DURATION],
  ["timestamp", TIMESTAMP],
  ["string", STRING],
  ["bytes", BYTES],
];

const add = (a: CelValue, b: CelValue): CelValue => dispatch("_+_", OPERATORS["_+_"] as readonly Overload[], [a, b]);

/** What is declared is an empty list's sum; at run time the elements say what they are. */
function sum(zero: CelValue): (list: List) => CelValue {
  return (list) => (list.length === 0 ? zero : list.slice(1).reduce<CelValue>(add, list[0] as CelValue));
}

function extreme(name: string, better: (order: number) => boolean): (list: List) => CelValue {
  return (list) => {
    let best = list[0];
    if (best === undefined) throw new CelError(`${name} called on empty list`);
    for (const value of list) if (better(compare(value, best))) best = value;
    return best;
  };
}

const isSorted = (list: List): boolean => list.every((v, i) => i === 0 || compare(list[i - 1] as CelValue, v) !== 1);

/** Kubernetes' list library (`k8s.io/apiserver/pkg/cel/library`, lists). */
export const KUBERNETES_LIST_FUNCTIONS: FunctionTable = {
  isSorted: COMPARABLE.map(([name, type]) => method(`list_${name}_is_sorted_bool`, [listOf(type)], BOOL, isSorted)),
  sum: SUMMABLE.map(([name, type, zero]) => method(`list_${name}_sum_${name}`, [listOf(type)], type, sum(zero))),
  min: COMPARABLE.map(([name, type]) =>
    method(
      `list_${name}_min_${name}`,
      [listOf(type)],
      type,
      extreme("min", (order) => order < 0),
    ),
  ),
  max: COMPARABLE.map(([name, type]) =>
    method(
      `list_${name}_max_${name}`,
      [listOf(type)],
      type,
      extreme("max", (order) => order > 0),
    ),
  ),
  indexOf: [method("list_a_index_of_int", [listOf(A), A], INT, (list: List, v: CelValue) => BigInt(list.findIndex((e) => equals(e, v))))],
  lastIndexOf: [
    method("list_a_last_index_of_int", [listOf(A), A], INT, (list: List, v: CelValue) => BigInt(list.findLastIndex((e) => equals(e, v)))),
  ],
};

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || end < 0n) throw new CelError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end) throw new CelError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > BigInt(list.length)) throw new CelError(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}

function flatten(list: List, depth = 1n): List {
  if (depth < 0n) throw new CelError("level must be non-negative");
  return depth === 0n ? list : list.flatMap((v) => (isList(v) ? flatten(v, depth - 1n) : [v]));
}

/** The elements in the order of their keys. */
function sortByKeys(list: List, keys: List): List {
  const kind = keys[0] === undefined ? "" : typeOfValue(keys[0]).name;
  if (keys.some((key) => typeOfValue(key).name !== kind)) throw new CelError("list elements must have the same type");
  const order = list.map((_value, i) => i).sort((i, j) => compare(keys[i] as CelValue, keys[j] as CelValue));
  return order.map((i) => list[i] as CelValue);
}

const sort = (list: List): List => sortByKeys(list, list);

const MAX_RANGE = 10_000_000n;

/** A range is bounded, so that one call cannot fill the memory. */
function range(count: bigint): List {
  if (count > MAX_RANGE) throw new CelError(`lists.range is limited to ${MAX_RANGE} elements`);
  return Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i));
}

function distinct(list: List): List {
  const seen = new Set<string>();
  const found: CelValue[] = [];
  for (const value of list) {
    if (typeof value === "string") {
      if (seen.has(value)) continue;
      seen.add(value);
    } else if (found.some((other) => equals(other, value))) continue;
    found.push(value);
  }
  return found;
}

/** cel-go's lists extension; the macro `sortBy` belongs to it. */
export const LIST_FUNCTIONS: FunctionTable = {
  slice: [method("list_slice", [listOf(A), INT, INT], listOf(A), slice)],
  flatten: [
    method("list_flatten", [listOf(listOf(A))], listOf(A), flatten),
    method("list_flatten_int", [listOf(DYN), INT], listOf(DYN), flatten),
  ],
  sort: COMPARABLE.map(([, type]) => method(`list_${type.name}_sort`, [listOf(type)], listOf(type), sort)),
  // What `sortBy` expands to; expressions cannot write this name.
  "@sortByAssociatedKeys": COMPARABLE.map(([, type]) =>
    method(`list_${type.name}_sortByAssociatedKeys`, [listOf(A), listOf(type)], listOf(A), sortByKeys),
  ),
  "lists.range": [global("lists_range", [INT], listOf(INT), range)],
  reverse: [method("list_reverse", [listOf(A)], listOf(A), (list: List) => list.toReversed())],
  distinct: [method("list_distinct", [listOf(A)], listOf(A), distinct)],
};

const contains = (list: List, part: List): boolean => part.every((v) => list.some((e) => equals(e, v)));
const SETS: readonly [CelType, CelType] = [listOf(A), listOf(A)];

/** cel-go's sets extension: lists looked at as sets. */
export const SET_FUNCTIONS: FunctionTable = {
  "sets.contains": [global("list_sets_contains_list", SETS, BOOL, contains)],
  "sets.equivalent": [global("list_sets_equivalent_list", SETS, BOOL, (a: List, b: List) => contains(a, b) && contains(b, a))],
  "sets.intersects": [global("list_sets_intersects_list", SETS, BOOL, (a: List, b: List) => a.some((v) => b.some((e) => equals(e, v))))],
};
