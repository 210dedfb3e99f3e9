import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { BOOL, DYN, INT, listOf, mapOf, optionalOf, param, STRING } from "../types.ts";
import { CelMap, CelOptional, type CelValue, equals, isList } from "../values.ts";

const A = param("A");
const B = param("B");
const NONE: CelOptional = new CelOptional(undefined);

/** Kubernetes' zero values: empty text, lists and maps, zero, false, null. */
function isZero(value: CelValue): boolean {
  if (value === null) return true;
  if (isList(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelMap) return value.size === 0;
  if (typeof value === "object") return ("value" in value && equals(value as CelValue, 0n)) || ("ns" in value && value.ns === 0n);
  return value === "" || value === false || equals(value, 0n);
}

const some = (value: CelValue | undefined): CelOptional => (value === undefined ? NONE : new CelOptional(value));

/** `x?.f`, `x[?k]`: looks into optionals too. A missing one is none. */
function optionalIndex(operand: CelValue, key: CelValue): CelValue {
  const value = operand instanceof CelOptional ? operand.value : operand;
  if (value === undefined) return NONE;
  if (value instanceof CelMap) return some(value.get(key));
  if (isList(value) && typeof key === "bigint") return some(value[Number(key)]);
  throw new CelError("no such overload");
}

function value(optional: CelOptional): CelValue {
  if (optional.value === undefined) throw new CelError("optional.none() dereference");
  return optional.value;
}

/** Indexing into an optional that may hold a list or a map gives an optional. */
export const OPTIONAL_FUNCTIONS: FunctionTable = {
  "optional.of": [global("optional_of", [A], optionalOf(A), (v: CelValue) => new CelOptional(v))],
  "optional.ofNonZeroValue": [
    global("optional_ofNonZeroValue", [A], optionalOf(A), (v: CelValue) => (isZero(v) ? NONE : new CelOptional(v))),
  ],
  "optional.none": [global("optional_none", [], optionalOf(A), () => NONE)],
  first: [method("list_first", [listOf(A)], optionalOf(A), (list: readonly CelValue[]) => some(list[0]))],
  last: [method("list_last", [listOf(A)], optionalOf(A), (list: readonly CelValue[]) => some(list.at(-1)))],
  "optional.unwrap": [global("optional_unwrap", [listOf(optionalOf(A))], listOf(A), unwrap)],
  unwrapOpt: [method("optional_unwrapOpt", [listOf(optionalOf(A))], listOf(A), unwrap)],
  value: [method("optional_value", [optionalOf(A)], A, value)],
  hasValue: [method("optional_hasValue", [optionalOf(A)], BOOL, (o: CelOptional) => o.value !== undefined)],
  // What is wanted only where nothing is there is evaluated only then: the evaluator does these two itself.
  or: [
    method("optional_or_optional", [optionalOf(A), optionalOf(A)], optionalOf(A), (a: CelOptional, b: CelOptional) =>
      a.value === undefined ? b : a,
    ),
  ],
  orValue: [
    method("optional_orValue_value", [optionalOf(A), A], A, (a: CelOptional, b: CelValue) => (a.value === undefined ? b : a.value)),
  ],
  "_?._": [global("select_optional_field", [DYN, STRING], optionalOf(DYN), optionalIndex)],
  "_[?_]": [
    global("list_optindex_optional_int", [listOf(A), INT], optionalOf(A), optionalIndex),
    global("optional_list_optindex_optional_int", [optionalOf(listOf(A)), INT], optionalOf(A), optionalIndex),
    global("map_optindex_optional_value", [mapOf(A, B), A], optionalOf(B), optionalIndex),
    global("optional_map_optindex_optional_value", [optionalOf(mapOf(A, B)), A], optionalOf(B), optionalIndex),
  ],
  "_[_]": [
    global("optional_list_index_int", [optionalOf(listOf(A)), INT], optionalOf(A), optionalIndex),
    global("optional_map_index_value", [optionalOf(mapOf(A, B)), A], optionalOf(B), optionalIndex),
  ],
};

function unwrap(list: readonly CelOptional[]): CelValue {
  return list.flatMap((o) => (o.value === undefined ? [] : [o.value]));
}
