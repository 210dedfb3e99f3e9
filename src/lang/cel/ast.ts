/**
 * The syntax tree of the Common Expression Language (cel-spec, `doc/langdef.md`). Macros are expanded while parsing, so
 * that what comes after knows eight kinds of node only.
 */
import type { CelValue } from "./values.ts";

interface Node {
  /** Where the node begins: an offset in UTF-16 units into the source. */
  readonly pos: number;
}

export interface Literal extends Node {
  readonly kind: "literal";
  readonly value: CelValue;
}

export interface Ident extends Node {
  readonly kind: "ident";
  /** A leading dot (`.name`, "from the root") is kept. */
  readonly name: string;
}

export interface Select extends Node {
  readonly kind: "select";
  readonly operand: Expr;
  readonly field: string;
  /** Made by `has()`: asks whether the field is there. */
  readonly test: boolean;
}

export interface Call extends Node {
  readonly kind: "call";
  /** Operators are calls by cel-go's names: `_+_`, `_[_]`, `_?._` … */
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

export interface ListExpr extends Node {
  readonly kind: "list";
  readonly elements: readonly { readonly value: Expr; readonly optional: boolean }[];
}

export interface MapExpr extends Node {
  readonly kind: "map";
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}

export interface StructExpr extends Node {
  readonly kind: "struct";
  readonly typeName: string;
  /** `pos`: of the colon, where cel-go has what is wrong with a field. */
  readonly fields: readonly { readonly name: string; readonly value: Expr; readonly optional: boolean; readonly pos: number }[];
}

/** A fold: what all the list macros expand to. */
export interface Comprehension extends Node {
  readonly kind: "comprehension";
  readonly range: Expr;
  readonly iterVar: string;
  /** With two variables: index and element, or key and value. */
  readonly iterVar2: string | undefined;
  readonly accuVar: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension;

/** The expressions right below one, in the order of its text. */
export function children(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case "select":
      return [node.operand];
    case "call":
      return node.target ? [node.target, ...node.args] : node.args;
    case "list":
      return node.elements.map((e) => e.value);
    case "map":
      return node.entries.flatMap((e) => [e.key, e.value]);
    case "struct":
      return node.fields.map((f) => f.value);
    case "comprehension":
      return [node.range, node.init, node.condition, node.step, node.result];
    default:
      return [];
  }
}
