/** What single calls may cost, the prices of `runtime-cost.ts` over ranges of sizes. */
import type { Expr } from "./ast.ts";
import { add, fixed, multiply, multiplyByFactor, type Range, union, UNKNOWN_SIZE, UINT64_MAX } from "./estimate-ranges.ts";
import type { CelType } from "./types.ts";

export interface EstimatedNode {
  /** Empty where the value is reached by no path. */
  readonly path: readonly string[];
  readonly type: CelType;
  readonly expr: Expr | undefined;
  /** What the expression itself tells of the size, or its declaration. */
  readonly size: Range | undefined;
  readonly sizes: (path: readonly string[]) => Range | undefined;
}

export interface CallEstimate {
  /** Without the arguments. */
  readonly cost: Range;
  /** The size of the result where that can be told. */
  readonly result?: Range;
}

type Estimate = (target: EstimatedNode | undefined, args: readonly EstimatedNode[], id: string) => CallEstimate | undefined;

const STRING = 0.1;
const REGEX = 0.25;
const ONE: CallEstimate = { cost: fixed(1) };
const MAX_FORMAT_PATTERN = 128;
const MAX_FORMAT = 64;

function sizeOf(node: EstimatedNode | undefined): Range {
  if (!node) return UNKNOWN_SIZE;
  return node.size ?? (node.path.length > 0 ? node.sizes(node.path) : undefined) ?? UNKNOWN_SIZE;
}

/** The price, or the general one where the function was not called in the form that has a price. */
export function callEstimate(name: string, id: string, target: EstimatedNode | undefined, args: readonly EstimatedNode[]): CallEstimate {
  return EXTENSIONS.get(id)?.(target, args, id) ?? KUBERNETES.get(name)?.(target, args, id) ?? STANDARD.get(id)?.(target, args, id) ?? ONE;
}

const named = (names: string, estimate: Estimate): [string, Estimate][] => names.split(" ").map((name) => [name, estimate]);
const one: Estimate = () => ONE;

/** The first argument is walked once. */
const parse =
  (factor = 1): Estimate =>
  (_target, args) =>
    args.length >= 1 ? { cost: multiplyByFactor(sizeOf(args[0]), factor * STRING) } : undefined;

const parseKeepingSize: Estimate = (_target, args) =>
  args.length === 1 ? { cost: multiplyByFactor(sizeOf(args[0]), STRING), result: sizeOf(args[0]) } : undefined;

const walkTarget: Estimate = (target) => target && { cost: multiplyByFactor(sizeOf(target), STRING), result: sizeOf(target) };

function elementOf(list: EstimatedNode): EstimatedNode | undefined {
  const [type] = list.type.params;
  if (!type) return undefined;
  return { path: list.path.length > 0 ? [...list.path, "@items"] : [], type, expr: undefined, size: undefined, sizes: list.sizes };
}

/** Each element is looked at once, texts by their length; a text is walked. */
const visitAll: Estimate = (target) => {
  if (!target) return undefined;
  const element = elementOf(target);
  if (!element) return { cost: multiplyByFactor(sizeOf(target), STRING) };
  const text = element.type.kind === "string" || element.type.kind === "bytes";
  const each = text ? add(fixed(1), multiplyByFactor(sizeOf(element), STRING)) : fixed(1);
  return { cost: multiply(sizeOf(target), each) };
};

/** A multiplication of sizes for the longest and the shortest text that replacing may give. */
const replace: Estimate = (target, args) => {
  if (!target || args.length < 2) return undefined;
  const size = sizeOf(target);
  const from = sizeOf(args[0]);
  const to = sizeOf(args[1]);
  const most = longest(size, from, to);
  const least = shortest(size, from, to);
  const count = { min: least.count, max: most.count };
  const result = add(multiply(count, to), { min: least.kept, max: most.kept });
  return { cost: multiplyByFactor(size, 2 * STRING), result };
};

interface Replaced {
  readonly count: bigint;
  readonly kept: bigint;
}

/** In doubles; what no longer fits into 64 bits becomes what amd64 makes of it. */
function ceilDivide(a: bigint, b: bigint): bigint {
  const quotient = Math.ceil(Number(a) / Number(b));
  return quotient >= 2 ** 64 ? 2n ** 63n : BigInt(quotient);
}
const next = (n: bigint): bigint => (n < UINT64_MAX ? n + 1n : n);

function longest(size: Range, from: Range, to: Range): Replaced {
  if (from.min === 0n) return { count: next(size.max), kept: size.max };
  if (to.max <= from.min) return { count: 0n, kept: size.max };
  return { count: ceilDivide(size.max, from.min), kept: 0n };
}

function shortest(size: Range, from: Range, to: Range): Replaced {
  if (from.max === 0n) return { count: next(size.min), kept: size.min };
  if (from.max <= to.min) return { count: 0n, kept: size.min };
  return { count: ceilDivide(size.min, from.max), kept: 0n };
}

const split: Estimate = (target, args) => {
  if (!target) return undefined;
  const size = sizeOf(target);
  const limit = args[1]?.expr;
  const most = limit?.kind === "literal" && typeof limit.value === "bigint" ? BigInt.asUintN(64, limit.value) : size.max;
  return { cost: multiplyByFactor(size, 2 * STRING), result: { min: 0n, max: most } };
};

const join: Estimate = (target, args) => {
  if (!target) return undefined;
  const count = sizeOf(target);
  const element = elementOf(target);
  let size: Range = element ? multiply(count, sizeOf(element)) : fixed(0);
  if (args.length > 0) {
    const less = (n: bigint): bigint => (n > 0n ? n - 1n : 0n);
    size = add(size, multiply(sizeOf(args[0]), { min: less(count.min), max: less(count.max) }));
  }
  return { cost: multiplyByFactor(size, STRING), result: size };
};

function matching(text: Range, pattern: Range): Range {
  return multiply(multiplyByFactor(add(text, fixed(1)), STRING), multiplyByFactor(pattern, REGEX));
}

const find: Estimate = (target, args) =>
  target && args.length >= 1
    ? { cost: matching(sizeOf(target), sizeOf(args[0])), result: { min: 0n, max: sizeOf(target).max } }
    : undefined;

const selector: Estimate = (_target, args) => {
  if (args.length !== 1) return undefined;
  const length = sizeOf(args[0]);
  const requirements = multiplyByFactor(multiplyByFactor(length, 0.5), 50);
  return { cost: add(add(fixed(10), multiplyByFactor(length, STRING)), requirements) };
};

const ADDRESS: Range = { min: 4n, max: 16n };

const containsAddress =
  (masks: boolean): Estimate =>
  (_target, args, id) => {
    if (args.length < 1) return undefined;
    let cost = multiplyByFactor(add(ADDRESS, ADDRESS), STRING);
    if (masks) cost = add(add(cost, multiplyByFactor(ADDRESS, STRING)), fixed(1));
    return { cost: id.endsWith("_string") ? add(cost, multiplyByFactor(sizeOf(args[0]), STRING)) : cost };
  };

const validate: Estimate = (_target, args) =>
  args.length >= 1 ? { cost: multiplyByFactor(multiplyByFactor(sizeOf(args[0]), STRING), MAX_FORMAT_PATTERN * REGEX) } : undefined;

const FIXED_EQUALITY = new Set(
  [
    "net.IP net.CIDR kubernetes.Quantity kubernetes.Semver",
    "kubernetes.authorization.Authorizer kubernetes.authorization.PathCheck kubernetes.authorization.GroupCheck",
    "kubernetes.authorization.ResourceCheck kubernetes.authorization.Decision",
  ]
    .join(" ")
    .split(" "),
);

const equality: Estimate = (_target, args) => {
  const [left, right] = args;
  if (!left || !right || left.type.name !== right.type.name) return undefined;
  const { name } = left.type;
  if (FIXED_EQUALITY.has(name)) return ONE;
  if (name === "kubernetes.NamedFormat") return { cost: multiplyByFactor({ min: 1n, max: BigInt(MAX_FORMAT) }, STRING) };
  if (name !== "kubernetes.URL") return undefined;
  const most = right.size === undefined ? 1n : union(right.size, right.size).max;
  return { cost: multiplyByFactor({ min: 1n, max: most }, STRING) };
};

/** By the names of functions. */
const KUBERNETES = new Map<string, Estimate>([
  ["check", () => ({ cost: fixed(350_000) })],
  ...named("serviceAccount path group resource subresource namespace name allowed reason error errored", one),
  ...named("fieldSelector labelSelector", selector),
  ...named("isSorted sum max min indexOf lastIndexOf", visitAll),
  ...named("url jsonpatch.escapeKey", parseKeepingSize),
  ...named("lowerAscii upperAscii substring trim", walkTarget),
  ["replace", replace],
  ["split", split],
  ["join", join],
  ...named("find findAll", find),
  ...named("cidr isIP isCIDR quantity isQuantity semver isSemver", parse()),
  ["ip", (target, args, id) => (id === "cidr_ip" ? ONE : parse()(target, args, id))],
  ["ip.isCanonical", parse(2)],
  ...named("masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast", one),
  ["containsIP", containsAddress(false)],
  ["containsCIDR", containsAddress(true)],
  ["validate", validate],
  ["format.named", one],
  ...named("sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch", one),
  ...named("getScheme getHostname getHost getPort getEscapedPath getQuery", one),
  ["_==_", equality],
]);

const compare: Estimate = (_target, args) => {
  const [a, b] = args.map((node) => node.size ?? UNKNOWN_SIZE) as [Range, Range];
  const max = a.max < b.max ? a.max : b.max;
  return { cost: multiplyByFactor({ min: max > 0n ? 1n : 0n, max }, STRING) };
};

const size = (node: EstimatedNode | undefined): Range => node?.size ?? UNKNOWN_SIZE;

const addTexts: Estimate = (_target, args) => {
  const result = add(size(args[0]), size(args[1]));
  return { cost: multiplyByFactor(result, STRING), result };
};

/** A literal whole number; one below zero counts as zero. */
function literalInt(node: EstimatedNode | undefined, otherwise: bigint): bigint {
  const expr = node?.expr;
  if (expr?.kind !== "literal" || typeof expr.value !== "bigint") return otherwise;
  return expr.value < 0n ? 0n : expr.value;
}

/** The call, the list that it makes, and each of these elements. */
function allocating(elements: Range, factor: number): CallEstimate {
  return { cost: add(multiplyByFactor(elements, factor), fixed(11)), result: elements };
}

function selfComparison(list: EstimatedNode | undefined, texts: boolean): CallEstimate {
  const elements = sizeOf(list);
  return allocating(multiply(elements, elements), texts ? 2 + STRING : 2);
}

const flattening: Estimate = (target, args) => {
  const depth = args.length === 1 ? literalInt(args[0], UINT64_MAX) : 1n;
  return target && allocating(sizeOf(target), Number(depth));
};

function sorting(): [string, Estimate][] {
  const types = "int uint double bool google.protobuf.Duration google.protobuf.Timestamp string bytes".split(" ");
  return types.flatMap((type): [string, Estimate][] => {
    const texts = type === "string" || type === "bytes";
    return [
      [`list_${type}_sort`, (target) => selfComparison(target, texts)],
      [`list_${type}_sortByAssociatedKeys`, (_target, args) => selfComparison(args[0], texts)],
    ];
  });
}

const comparingSets =
  (factor: number): Estimate =>
  (_target, args) => ({ cost: add(multiplyByFactor(multiply(sizeOf(args[0]), sizeOf(args[1])), factor), fixed(1)) });

/** By overloads: cel-go's extensions of lists and sets. */
const EXTENSIONS = new Map<string, Estimate>([
  [
    "list_slice",
    (target, args) => {
      const elements = literalInt(args[1], sizeOf(target).max) - literalInt(args[0], 0n);
      return target && allocating(fixed(BigInt.asUintN(64, elements)), 1);
    },
  ],
  ["lists_range", (_target, args) => allocating(fixed(literalInt(args[0], UINT64_MAX)), 1)],
  ["list_reverse", (target) => target && allocating(sizeOf(target), 1)],
  ["list_flatten", flattening],
  ["list_flatten_int", flattening],
  ["list_distinct", (target) => selfComparison(target, false)],
  ...sorting(),
  ["list_sets_contains_list", comparingSets(1)],
  ["list_sets_intersects_list", comparingSets(1)],
  ["list_sets_equivalent_list", comparingSets(2)],
]);

/** By overloads: cel-go's own. */
const STANDARD = new Map<string, Estimate>([
  ["string_format", (target) => target && { cost: multiplyByFactor(size(target), STRING) }],
  [
    "string_to_bytes",
    (_t, [arg]) => ({ cost: multiplyByFactor(size(arg), STRING), result: { min: size(arg).min, max: wrapped(size(arg).max * 4n) } }),
  ],
  [
    "bytes_to_string",
    (_t, [arg]) => ({ cost: multiplyByFactor(size(arg), STRING), result: { min: size(arg).min / 4n, max: size(arg).max } }),
  ],
  [
    "strings_quote",
    (_t, [arg]) => ({
      cost: multiplyByFactor(size(arg), STRING),
      result: { min: size(arg).min + 2n, max: wrapped(size(arg).max * 2n + 2n) },
    }),
  ],
  ...named("starts_with_string ends_with_string", (_t, [arg]) => ({ cost: multiplyByFactor(size(arg), STRING) })),
  ["in_list", (_t, args) => ({ cost: multiplyByFactor(size(args[1]), 1) })],
  ["matches_string", (target, [pattern]) => target && { cost: matching(size(target), size(pattern)) }],
  [
    "contains_string",
    (target, [part]) => target && { cost: multiply(multiplyByFactor(size(target), STRING), multiplyByFactor(size(part), STRING)) },
  ],
  ...named("add_string add_bytes", addTexts),
  ["add_list", (_t, args) => ({ cost: fixed(1), result: add(size(args[0]), size(args[1])) })],
  ...named(
    "less_string greater_string less_equals_string greater_equals_string less_bytes greater_bytes less_equals_bytes greater_equals_bytes",
    compare,
  ),
  ...named("equals not_equals", compare),
]);

/** These products alone run over upstream. */
const wrapped = (n: bigint): bigint => BigInt.asUintN(64, n);
