/**
 * What calls cost when they run: cel-go's `interpreter/runtimecost.go`, and Kubernetes' prices for its own functions
 * (`apiserver/pkg/cel/library`, cost).
 */
import { codePoints } from "./functions/operators.ts";
import { CelMap, CelOpaque, CelOptional, type CelValue, isList } from "./values.ts";

/** The price of one call; most calls have a fixed one. `result` is there of those named in {@link PRICED_BY_RESULT} only. */
export type CallCost = number | ((args: readonly CelValue[], result: CelValue) => number);

/** Functions whose results say what they cost. */
export const PRICED_BY_RESULT: ReadonlySet<string> = new Set(["join", "slice", "reverse"]);

const STRING_FACTOR = 0.1;
const REGEX_FACTOR = 0.25;
/** An authorization check: two fit into one expression. */
const CHECK_COST = 350_000;

/** Code points, bytes, elements, entries; 1 of everything else. */
export function actualSize(value: CelValue | undefined): number {
  if (typeof value === "string") return codePoints(value);
  if (value === undefined || value === null || typeof value !== "object") return 1;
  if (isList(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof CelMap) return value.size;
  if (value instanceof CelOptional) return value.value === undefined ? 1 : actualSize(value.value);
  return value instanceof CelOpaque ? (value.size ?? 1) : 1;
}

const traversal = (size: number, factor = 1): number => Math.ceil(size * factor * STRING_FACTOR);

const first =
  (factor = 1): CallCost =>
  (args) =>
    traversal(actualSize(args[0]), factor);

const pattern = (text: number, expression: number): number => Math.ceil((1 + text) * STRING_FACTOR) * Math.ceil(expression * REGEX_FACTOR);

/** Every byte of text counts a tenth, everything else one. */
function traverseTree(value: CelValue): number {
  if (typeof value === "string") return Math.trunc(utf8Length(value) * STRING_FACTOR);
  if (value instanceof Uint8Array) return Math.trunc(value.length * STRING_FACTOR);
  if (isList(value)) return value.reduce<number>((sum, element) => sum + traverseTree(element), 0);
  if (!(value instanceof CelMap)) return 1;
  let sum = 0;
  for (const key of value.keys()) sum += traverseTree(key) + traverseTree(value.get(key) ?? null);
  return sum;
}

const utf8Length = (text: string): number => Buffer.byteLength(text);

function cidrCost(args: readonly CelValue[], parses: boolean, masks: boolean): number {
  const size = actualSize(args[0]);
  const base = traversal(size, 2) + (masks ? traversal(size) + 1 : 0);
  return parses ? base + traversal(actualSize(args[1])) : base;
}

const selector: CallCost = (args) => {
  const length = actualSize(args[1]);
  const requirements = Math.ceil(length * 0.5);
  return 10 + traversal(length) + Math.ceil(requirements * 50);
};

const named = (names: string, cost: CallCost): [string, CallCost][] => names.split(" ").map((name) => [name, cost]);

/** By the names of functions, whatever their overloads. */
const BY_NAME = new Map<string, CallCost>([
  ["check", CHECK_COST],
  ...named("serviceAccount path group resource subresource namespace name allowed reason error errored", 1),
  ...named("fieldSelector labelSelector", selector),
  ...named("isSorted sum max min indexOf lastIndexOf", (args) => traverseTree(args[0] as CelValue)),
  ...named("url lowerAscii upperAscii substring trim jsonpatch.escapeKey", first()),
  ...named("replace split", first(2)),
  ["join", (_args, result) => traversal(actualSize(result), 2)],
  ...named("find findAll", (args) => pattern(actualSize(args[0]), actualSize(args[1]))),
  ...named("cidr isIP isCIDR ip quantity isQuantity semver isSemver", first()),
  ["ip.isCanonical", first(2)],
  ...named("masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast", 1),
  ["format.named", 1],
  ...named("sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch", 1),
  ...named("getScheme getHostname getHost getPort getEscapedPath getQuery", 1),
]);

/** Named formats know the size of their patterns. */
export interface SizedFormat {
  readonly maxPatternSize: number;
}

const smaller: CallCost = (args) => traversal(Math.min(actualSize(args[0]), actualSize(args[1])));

/** Kubernetes' own values are compared at a fixed price. */
const equality: CallCost = (args) => (args[0] instanceof CelOpaque ? 1 : traversal(Math.min(actualSize(args[0]), actualSize(args[1]))));

/** The overloads of a sorting function, for each type of keys. */
function sorting(name: string): string {
  const types = "int uint double bool google.protobuf.Duration google.protobuf.Timestamp string bytes";
  return types
    .split(" ")
    .map((type) => `list_${type}_${name}`)
    .join(" ");
}

/** Every element is taken to be compared with every other. */
function selfComparison(list: CelValue | undefined): number {
  const [first] = list as readonly CelValue[];
  const texts = typeof first === "string" || first instanceof Uint8Array;
  return 11 + Math.trunc(actualSize(list) ** 2 * (texts ? 2 + STRING_FACTOR : 2));
}

/** By overloads, where the checker found the one. */
const BY_OVERLOAD = new Map<string, CallCost>([
  ...named("starts_with_string ends_with_string string_to_bytes bytes_to_string strings_quote string_format", first()),
  ["in_list", (args) => actualSize(args[1])],
  ...named(
    "less_string greater_string less_equals_string greater_equals_string less_bytes greater_bytes less_equals_bytes greater_equals_bytes",
    smaller,
  ),
  ["not_equals", smaller],
  ...named("add_string add_bytes", (args) => traversal(actualSize(args[0]) + actualSize(args[1]))),
  ["matches_string", (args) => pattern(actualSize(args[0]), actualSize(args[1]))],
  ["contains_string", (args) => traversal(actualSize(args[0])) * traversal(actualSize(args[1]))],
  ["cidr_ip", 1],
  ...named("list_slice list_reverse", (_args, result) => 11 + actualSize(result)),
  // Before it is called, so that a range that costs too much is never made.
  ["lists_range", ([count]) => 11 + Math.max(0, Number(count))],
  ["list_flatten", ([list]) => 11 + actualSize(list)],
  ["list_flatten_int", ([list, depth]) => Math.max(0, 11 + Math.trunc(actualSize(list) * Number(depth)))],
  ["list_distinct", ([list]) => selfComparison(list)],
  ...named(sorting("sort"), ([list]) => selfComparison(list)),
  ...named(sorting("sortByAssociatedKeys"), ([, keys]) => selfComparison(keys)),
  ...named("list_sets_contains_list list_sets_intersects_list", ([a, b]) => 1 + actualSize(a) * actualSize(b)),
  ["list_sets_equivalent_list", ([a, b]) => 1 + actualSize(a) * actualSize(b) * 2],
  ["cidr_contains_ip_string", (args) => cidrCost(args, true, false)],
  ["cidr_contains_cidr_string", (args) => cidrCost(args, true, true)],
]);

/** The price of calls of this function; `overload` is empty where several may be meant. */
export function callCost(name: string, overload: string): CallCost {
  if (name === "_==_") return equality;
  if (name === "_!=_") return smaller;
  if (name === "containsIP") return BY_OVERLOAD.get(overload) ?? ((args) => cidrCost(args, false, false));
  if (name === "containsCIDR") return BY_OVERLOAD.get(overload) ?? ((args) => cidrCost(args, false, true));
  if (overload === "cidr_ip") return 1;
  if (name === "validate") return (args) => pattern(actualSize(args[1]), (args[0] as unknown as SizedFormat).maxPatternSize ?? 0);
  return BY_NAME.get(name) ?? BY_OVERLOAD.get(overload) ?? 1;
}
