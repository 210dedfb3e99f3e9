/**
 * What an expression may cost at most and at least, by the sizes that its values can have: cel-go's `checker/cost.go`. Which
 * rules of a CustomResourceDefinition are too dear is told by this, so it goes by upstream's figures to the last one.
 */
import type { Call, Comprehension, Expr, Select } from "./ast.ts";
import type { Checked } from "./check.ts";
import type { DeclaredType } from "./declared-types.ts";
import { callEstimate, type CallEstimate, type EstimatedNode } from "./estimate-calls.ts";
import { add, fixed, multiply, type Range, union, UNKNOWN_SIZE, UINT64_MAX, ZERO } from "./estimate-ranges.ts";
import { dottedName } from "./parser.ts";
import type { CelType } from "./types.ts";
import { DYN, STRING } from "./types.ts";
import { codePoints } from "./functions/operators.ts";

/** The size of what lies on a path: a variable, then fields, `@items`, `@keys`, `@values`. Undefined where it is not known. */
export type Sizes = (path: readonly string[]) => Range | undefined;

/** Sizes below one declared type, whatever variable a path begins with; what has no size has size 0. */
export function declaredSizes(root: DeclaredType): Sizes {
  return (path) => {
    let at: DeclaredType | undefined = root;
    for (const part of path.slice(1)) {
      if (part === "@keys") at = at.element && !at.fields && at.type.kind === "map" ? KEY : undefined;
      else at = part === "@items" || part === "@values" ? at.element : at.fields?.get(part);
      if (at === undefined) return undefined;
    }
    return { min: 0n, max: BigInt(at.maxElements ?? 0) };
  };
}

/** Keys of maps have no limit of their own, which upstream takes for the size 0. */
const KEY: DeclaredType = { type: STRING, maxElements: undefined, minSerialized: 2 };

export function estimateCost(analysed: Checked & { readonly expr: Expr }, sizes: Sizes): Range {
  return new Estimator(analysed, sizes).cost(analysed.expr);
}

interface EntrySizes {
  readonly of: "list" | "map";
  readonly key: Range;
  readonly value: Range;
}

/** What is known of a name that a macro binds. */
interface Local {
  readonly path: readonly string[];
  readonly size: Range | undefined;
  readonly entries: EntrySizes | undefined;
}

const ONE = fixed(1);
const LIST = fixed(10);
const MAP = fixed(30);
const OBJECT = fixed(40);
const NO_SIZE: Range = { min: UINT64_MAX, max: 0n };

class Estimator {
  readonly #checked: Checked;
  readonly #sizes: Sizes;
  readonly #paths = new Map<Expr, readonly string[]>();
  readonly #computed = new Map<Expr, Range>();
  readonly #entries = new Map<Expr, EntrySizes>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked, sizes: Sizes) {
    this.#checked = checked;
    this.#sizes = sizes;
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case "literal":
        return ZERO;
      case "ident":
        this.#paths.set(expr, this.#local(expr.name)?.path ?? [expr.name.replace(/^\./u, "")]);
        return ONE;
      case "select":
        return this.#select(expr);
      case "call":
        return this.#call(expr);
      case "list":
      case "map":
        return this.#aggregate(expr);
      case "struct":
        return expr.fields.reduce((sum, field) => add(sum, this.cost(field.value)), OBJECT);
      case "comprehension":
        return isBinding(expr) ? this.#binding(expr) : this.#comprehension(expr);
      default:
        return expr satisfies never;
    }
  }

  #type(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? DYN;
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name);
    if (stack) stack.push(local);
    else this.#locals.set(name, [local]);
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop();
  }

  #path(expr: Expr): readonly string[] {
    const local = expr.kind === "ident" ? this.#local(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr) ?? [];
  }

  #select(expr: Select): Range {
    // A variable whose name has dots is one node upstream.
    if (!expr.test && !this.#checked.types.has(expr.operand)) {
      this.#paths.set(expr, [dottedName(expr) ?? ""]);
      return ONE;
    }
    const cost = this.cost(expr.operand);
    // The test itself is free in Kubernetes.
    if (expr.test) return cost;
    this.#paths.set(expr, [...this.#path(expr.operand), expr.field]);
    const { kind } = this.#type(expr.operand);
    return kind === "map" || kind === "object" || kind === "param" ? add(cost, ONE) : cost;
  }

  #node(expr: Expr): EstimatedNode {
    const path = this.#path(expr);
    const known = path[0] === "@result" ? [] : path;
    return { path: known, type: this.#type(expr), expr, size: this.#size(expr), sizes: this.#sizes };
  }

  #call(expr: Call): Range {
    const { args } = expr;
    if (expr.name === "dyn") {
      const [arg] = args as [Expr];
      const cost = this.cost(arg);
      this.#copySizes(expr, arg);
      return add(ONE, cost);
    }
    const { name, ids, target } = this.#function(expr);
    const costs = args.map((arg) => this.cost(arg));
    const nodes = args.map((arg) => this.#node(arg));
    if (ids.length === 0) return ZERO;
    let sum = ZERO;
    let targetNode: EstimatedNode | undefined;
    if (target) {
      sum = this.cost(target);
      targetNode = this.#node(target);
    }
    let range: Range = NO_SIZE;
    let result: Range | undefined;
    for (const id of ids) {
      const estimate = this.#overload({ expr, name, id, target: targetNode, nodes, costs });
      range = union(range, estimate.cost);
      if (estimate.result) result = result === undefined ? estimate.result : union(result, estimate.result);
      if (id === "index_list" || id === "index_map") {
        const operand = args[0] as Expr;
        result = this.#entriesOf(operand)?.value;
        this.#paths.set(expr, [...this.#path(operand), id === "index_list" ? "@items" : "@values"]);
      }
      result ??= this.#size(expr);
    }
    if (result) this.#computed.set(expr, result);
    return add(sum, range);
  }

  /** The qualified name where the target is only a namespace. */
  #function(expr: Call): { name: string; ids: readonly string[]; target: Expr | undefined } {
    const special = SPECIAL[expr.name];
    if (special !== undefined) return { name: expr.name, ids: [special], target: undefined };
    const found = this.#checked.overloads.get(expr) ?? [];
    const ids = found.map((o) => o.id);
    if (expr.target && found[0]?.member === false) return { name: `${dottedName(expr.target)}.${expr.name}`, ids, target: undefined };
    return { name: expr.name, ids, target: expr.target };
  }

  #overload(call: Overloaded): CallEstimate {
    const { expr, id, nodes, costs } = call;
    const argSum = costs.reduce(add, ZERO);
    if (id === "logical_and" || id === "logical_or") {
      const [left, right] = costs as [Range, Range];
      return { cost: { min: left.min, max: add(left, right).max } };
    }
    if (id === "conditional") {
      const [condition, yes, no] = costs as [Range, Range, Range];
      const [, a, b] = expr.args as [Expr, Expr, Expr];
      const entries = joinEntries(this.#entriesOf(a), this.#entriesOf(b));
      if (entries) this.#entries.set(expr, entries);
      return { cost: add(condition, union(yes, no)), result: union(nodes[1]?.size ?? UNKNOWN_SIZE, nodes[2]?.size ?? UNKNOWN_SIZE) };
    }
    if (id === "add_string" || id === "add_bytes" || id === "add_list") {
      const [a, b] = expr.args as [Expr, Expr];
      const entries = joinEntries(this.#entriesOf(a), this.#entriesOf(b));
      if (entries) this.#entries.set(expr, entries);
    }
    const estimate = callEstimate(call.name, id, call.target, nodes);
    return { ...estimate, cost: add(estimate.cost, argSum) };
  }

  #aggregate(expr: Extract<Expr, { kind: "list" | "map" }>): Range {
    const pairs: readonly { key?: Expr; value: Expr }[] = expr.kind === "list" ? expr.elements : expr.entries;
    let sum = expr.kind === "list" ? LIST : MAP;
    let key: Range = pairs.length === 0 ? { ...NO_SIZE, min: 0n } : NO_SIZE;
    let value = key;
    for (const pair of pairs) {
      if (pair.key) {
        sum = add(sum, this.cost(pair.key));
        key = union(key, this.#sizeOrUnknown(pair.key));
      }
      sum = add(sum, this.cost(pair.value));
      value = union(value, this.#sizeOrUnknown(pair.value));
    }
    this.#entries.set(expr, { of: expr.kind, key: expr.kind === "list" ? ONE : key, value });
    return sum;
  }

  #binding(expr: Comprehension): Range {
    let sum = add(this.cost(expr.range), this.cost(expr.init));
    this.#push(expr.accuVar, this.#bound(expr.init));
    sum = add(sum, this.cost(expr.result));
    this.#pop(expr.accuVar);
    this.#copySizes(expr, expr.result);
    return sum;
  }

  #bound(expr: Expr): Local {
    return { path: this.#path(expr), size: this.#size(expr), entries: this.#entriesOf(expr) };
  }

  #comprehension(expr: Comprehension): Range {
    let sum = add(this.cost(expr.range), this.cost(expr.init));
    this.#push(expr.accuVar, this.#bound(expr.init));
    this.#pushVariables(expr);
    const each = add(this.cost(expr.condition), this.cost(expr.step));
    this.#pop(expr.iterVar);
    if (expr.iterVar2 !== undefined) this.#pop(expr.iterVar2);
    sum = add(sum, this.cost(expr.result));
    this.#pop(expr.accuVar);
    const count = this.#sizeOrUnknown(expr.range);
    sum = add(sum, multiply(count, each));
    if (expr.init.kind === "literal") {
      const size = this.#size(expr.init);
      if (size) this.#computed.set(expr, size);
    } else if (expr.init.kind === "list" || expr.init.kind === "map") {
      this.#computed.set(expr, count);
      const entries = this.#entriesOf(expr.step);
      if (entries) this.#entries.set(expr, entries);
    }
    return sum;
  }

  #pushVariables(expr: Comprehension): void {
    const entries = this.#entriesOf(expr.range);
    const list = (entries?.of ?? this.#type(expr.range).kind) === "list";
    const path = this.#path(expr.range);
    const values: Local = { path: [...path, list ? "@items" : "@values"], size: entries?.value, entries: undefined };
    if (expr.iterVar2 !== undefined) {
      this.#push(expr.iterVar, { path: [...path, list ? "@indices" : "@keys"], size: entries?.key, entries: undefined });
      this.#push(expr.iterVar2, values);
    } else if (list) this.#push(expr.iterVar, values);
    else this.#push(expr.iterVar, { path: [...path, "@keys"], size: entries?.key, entries: undefined });
  }

  #sizeOrUnknown(expr: Expr): Range {
    return this.#size(expr) ?? UNKNOWN_SIZE;
  }

  #copySizes(to: Expr, from: Expr): void {
    const size = this.#size(from);
    if (size) this.#computed.set(to, size);
    const entries = this.#entriesOf(from);
    if (entries) this.#entries.set(to, entries);
  }

  #size(expr: Expr): Range | undefined {
    const computed = this.#computed.get(expr) ?? literalSize(expr);
    if (computed) return computed;
    const path = this.#path(expr);
    const declared = path.length === 0 ? undefined : this.#sizes(path);
    if (declared) {
      this.#computed.set(expr, declared);
      return declared;
    }
    if (isScalar(this.#type(expr))) return ONE;
    return expr.kind === "ident" ? this.#local(expr.name)?.size : undefined;
  }

  #entriesOf(expr: Expr): EntrySizes | undefined {
    return this.#entries.get(expr) ?? (expr.kind === "ident" ? this.#local(expr.name)?.entries : undefined);
  }
}

interface Overloaded {
  readonly expr: Call;
  readonly name: string;
  readonly id: string;
  readonly target: EstimatedNode | undefined;
  readonly nodes: readonly EstimatedNode[];
  readonly costs: readonly Range[];
}

/** Operators that the evaluator has built in, by the ids of their overloads. */
const SPECIAL: Readonly<Record<string, string>> = {
  "_&&_": "logical_and",
  "_||_": "logical_or",
  "_?_:_": "conditional",
  "@not_strictly_false": "not_strictly_false",
  "_?._": "select_optional_field",
};

function joinEntries(a: EntrySizes | undefined, b: EntrySizes | undefined): EntrySizes | undefined {
  return a && b && { of: a.of, key: union(a.key, b.key), value: union(a.value, b.value) };
}

function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === "list") return fixed(expr.elements.length);
  if (expr.kind === "map") return fixed(expr.entries.length);
  if (expr.kind !== "literal") return undefined;
  if (typeof expr.value === "string") return fixed(codePoints(expr.value));
  return expr.value instanceof Uint8Array ? fixed(expr.value.length) : ONE;
}

const SCALARS = new Set<CelType["kind"]>(["bool", "double", "duration", "int", "timestamp", "uint"]);

function isScalar(type: CelType): boolean {
  return type.kind === "optional" ? isScalar(type.params[0] as CelType) : SCALARS.has(type.kind);
}

function isBinding(expr: Comprehension): boolean {
  const { range, condition } = expr;
  return (
    range.kind === "list" &&
    range.elements.length === 0 &&
    condition.kind === "literal" &&
    condition.value === false &&
    expr.accuVar !== "__result__"
  );
}
