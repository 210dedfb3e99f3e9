import type { Expr } from "./ast.ts";
import { CelSyntaxError } from "./errors.ts";

/** A call that is rewritten while parsing. */
export interface Macro {
  readonly name: string;
  readonly member: boolean;
  /** How many arguments the call has; with another number it is no macro. */
  readonly args: number;
  /** Gives undefined where the call is an ordinary one after all. */
  expand(target: Expr | undefined, args: readonly Expr[], pos: number): Expr | undefined;
}

const ACCU = "@result";

const call = (name: string, pos: number, ...args: Expr[]): Expr => ({ kind: "call", name, target: undefined, args, pos });
const member = (target: Expr, name: string, pos: number, ...args: Expr[]): Expr => ({ kind: "call", name, target, args, pos });
const ident = (name: string, pos: number): Expr => ({ kind: "ident", name, pos });
const literal = (value: boolean | bigint, pos: number): Expr => ({ kind: "literal", value, pos });
const list = (pos: number, ...values: Expr[]): Expr => ({
  kind: "list",
  elements: values.map((value) => ({ value, optional: false })),
  pos,
});
const emptyMap = (pos: number): Expr => ({ kind: "map", entries: [], pos });

function variable(expr: Expr | undefined, what: string): string {
  if (expr?.kind !== "ident" || expr.name.startsWith(".")) throw new CelSyntaxError(what, expr?.pos ?? 0);
  if (expr.name === "__result__") throw new CelSyntaxError("iteration variable overwrites accumulator variable", expr.pos);
  return expr.name;
}

interface Fold {
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

type FoldOf = (body: readonly Expr[], accu: Expr, pos: number) => Fold;

const FOLDS = {
  all: ([test], accu, pos) => ({
    init: literal(true, pos),
    condition: call("@not_strictly_false", pos, accu),
    step: call("_&&_", pos, accu, test as Expr),
    result: accu,
  }),
  exists: ([test], accu, pos) => ({
    init: literal(false, pos),
    condition: call("@not_strictly_false", pos, call("!_", pos, accu)),
    step: call("_||_", pos, accu, test as Expr),
    result: accu,
  }),
  existsOne: ([test], accu, pos) => ({
    init: literal(0n, pos),
    condition: literal(true, pos),
    step: call("_?_:_", pos, test as Expr, call("_+_", pos, accu, literal(1n, pos)), accu),
    result: call("_==_", pos, accu, literal(1n, pos)),
  }),
  /** The last argument is what is gathered, one before it a filter. */
  map: (body, accu, pos) => {
    const add = call("_+_", pos, accu, list(pos, body.at(-1) as Expr));
    const step = body.length > 1 ? call("_?_:_", pos, body[0] as Expr, add, accu) : add;
    return { init: list(pos), condition: literal(true, pos), step, result: accu };
  },
} satisfies Record<string, FoldOf>;

const filterFold =
  (element: string): FoldOf =>
  ([test], accu, pos) => ({
    init: list(pos),
    condition: literal(true, pos),
    step: call("_?_:_", pos, test as Expr, call("_+_", pos, accu, list(pos, ident(element, pos))), accu),
    result: accu,
  });

/** transformMap and transformMapEntry: each step inserts into the map that grows. */
const mapFold =
  (key: string | undefined): FoldOf =>
  (body, accu, pos) => {
    const last = body.at(-1) as Expr;
    const add = key === undefined ? call("cel.@mapInsert", pos, accu, last) : call("cel.@mapInsert", pos, accu, ident(key, pos), last);
    const step = body.length > 1 ? call("_?_:_", pos, body[0] as Expr, add, accu) : add;
    return { init: emptyMap(pos), condition: literal(true, pos), step, result: accu };
  };

function comprehension(range: Expr, iterVar: string, iterVar2: string | undefined, fold: Fold, pos: number): Expr {
  return { kind: "comprehension", range, iterVar, iterVar2, accuVar: ACCU, ...fold, pos };
}

function oneVariable(name: string, args: number, foldOf: FoldOf | ((element: string) => FoldOf), perElement = false): Macro {
  return {
    name,
    member: true,
    args,
    expand(target, given, pos) {
      const v = variable(given[0], "argument is not an identifier");
      const fold = perElement ? (foldOf as (element: string) => FoldOf)(v) : (foldOf as FoldOf);
      return comprehension(target as Expr, v, undefined, fold(given.slice(1), ident(ACCU, pos), pos), pos);
    },
  };
}

function twoVariables(name: string, args: number, foldOf: (key: string) => FoldOf): Macro {
  return {
    name,
    member: true,
    args,
    expand(target, given, pos) {
      const first = variable(given[0], "argument is not an identifier");
      const second = variable(given[1], "argument is not an identifier");
      if (first === second) throw new CelSyntaxError(`duplicate variable name: ${first}`, pos);
      return comprehension(target as Expr, first, second, foldOf(first)(given.slice(2), ident(ACCU, pos), pos), pos);
    },
  };
}

const has: Macro = {
  name: "has",
  member: false,
  args: 1,
  expand(_target, [arg], pos) {
    if (arg?.kind !== "select" || arg.test) throw new CelSyntaxError("invalid argument to has() macro", arg?.pos ?? pos);
    return { ...arg, test: true, pos };
  },
};

/** `has`, `all`, `exists`, `exists_one`, `map` and `filter` of cel-spec. */
export const STANDARD_MACROS: readonly Macro[] = [
  has,
  oneVariable("all", 2, FOLDS.all),
  oneVariable("exists", 2, FOLDS.exists),
  oneVariable("exists_one", 2, FOLDS.existsOne),
  oneVariable("existsOne", 2, FOLDS.existsOne),
  oneVariable("map", 2, FOLDS.map),
  oneVariable("map", 3, FOLDS.map),
  oneVariable("filter", 2, filterFold, true),
];

/** cel-go's `ext.TwoVarComprehensions`. */
export const TWO_VARIABLE_MACROS: readonly Macro[] = [
  twoVariables("all", 3, () => FOLDS.all),
  twoVariables("exists", 3, () => FOLDS.exists),
  twoVariables("existsOne", 3, () => FOLDS.existsOne),
  twoVariables("exists_one", 3, () => FOLDS.existsOne),
  twoVariables("transformList", 3, () => FOLDS.map),
  twoVariables("transformList", 4, () => FOLDS.map),
  twoVariables("transformMap", 3, (key) => mapFold(key)),
  twoVariables("transformMap", 4, (key) => mapFold(key)),
  twoVariables("transformMapEntry", 3, () => mapFold(undefined)),
  twoVariables("transformMapEntry", 4, () => mapFold(undefined)),
];

/** A value under a name: a fold over nothing, whose accumulator is the name. */
function bind(name: string, value: Expr, body: Expr, pos: number): Expr {
  return {
    kind: "comprehension",
    range: list(pos),
    iterVar: "#unused",
    iterVar2: undefined,
    accuVar: name,
    init: value,
    condition: literal(false, pos),
    step: ident(name, pos),
    result: body,
    pos,
  };
}

/** `cel.bind(name, value, body)`; Kubernetes does not have it. */
export const BIND_MACROS: readonly Macro[] = [
  {
    name: "bind",
    member: true,
    args: 3,
    expand(target, [name, value, body], pos) {
      if (target?.kind !== "ident" || target.name !== "cel") return undefined;
      return bind(variable(name, "cel.bind() variable names must be simple identifiers"), value as Expr, body as Expr, pos);
    },
  },
];

function optionalMacro(name: string, wrap: boolean): Macro {
  return {
    name,
    member: true,
    args: 2,
    expand(target, [v, body], pos) {
      const bound = variable(v, `${name}() variable name must be a simple identifier`);
      const optional = target as Expr;
      const inner = bind(bound, member(optional, "value", pos), body as Expr, pos);
      const some = wrap ? member(ident("optional", pos), "of", pos, inner) : inner;
      return call("_?_:_", pos, member(optional, "hasValue", pos), some, member(ident("optional", pos), "none", pos));
    },
  };
}

/** `optMap` and `optFlatMap` of cel-go's optional types. */
export const OPTIONAL_MACROS: readonly Macro[] = [optionalMacro("optMap", true), optionalMacro("optFlatMap", false)];

const SORT_INPUT = "@__sortBy_input__";

/** `list.sortBy(e, key)` of cel-go's lists extension: the list is bound, and ordered by the list of its keys. */
export const LIST_MACROS: readonly Macro[] = [
  {
    name: "sortBy",
    member: true,
    args: 2,
    expand(target, given, pos) {
      const range = target as Expr;
      if (range.kind === "literal" || range.kind === "map" || range.kind === "struct") {
        const kinds = "list, identifier, comprehension, call or select expression";
        throw new CelSyntaxError(`sortBy can only be applied to a ${kinds}`, range.pos);
      }
      const element = variable(given[0], "argument is not an identifier");
      const keys = comprehension(ident(SORT_INPUT, pos), element, undefined, FOLDS.map(given.slice(1), ident(ACCU, pos), pos), pos);
      return bind(SORT_INPUT, range, member(ident(SORT_INPUT, pos), "@sortByAssociatedKeys", pos, keys), pos);
    },
  },
];
