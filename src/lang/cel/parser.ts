import type { Call, Expr, ListExpr, MapExpr, StructExpr } from "./ast.ts";
import { CelSyntaxError } from "./errors.ts";
import { type Token, tokenize } from "./lexer.ts";
import type { Macro } from "./macros.ts";
import { CelUint, INT_MAX, INT_MIN, UINT_MAX } from "./values.ts";

const RESERVED = new Set("as break const continue else for function if import let loop package namespace return var void while".split(" "));
const LITERAL_WORDS = new Set(["true", "false", "null", "in"]);
const RELATIONS: Readonly<Record<string, string>> = {
  "<": "_<_",
  "<=": "_<=_",
  ">": "_>_",
  ">=": "_>=_",
  "==": "_==_",
  "!=": "_!=_",
};
const SUMS: Readonly<Record<string, string>> = { "+": "_+_", "-": "_-_" };
const PRODUCTS: Readonly<Record<string, string>> = { "*": "_*_", "/": "_/_", "%": "_%_" };

/** How deep an expression may nest, as cel-go's default. */
const MAX_DEPTH = 250;

/** Reads an expression and expands the macros given. Throws CelSyntaxError. */
export function parse(source: string, macros: readonly Macro[]): Expr {
  return new Parser(tokenize(source), macros).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #macros: readonly Macro[];
  #at = 0;
  #depth = 0;
  /** How many chained or nested operations lie within a node; a node without an entry has none. */
  readonly #heights = new Map<Expr, number>();

  constructor(tokens: readonly Token[], macros: readonly Macro[]) {
    this.#tokens = tokens;
    this.#macros = macros;
  }

  whole(): Expr {
    const expr = this.#expr();
    if (this.#token.kind !== "end") this.#unexpected();
    return expr;
  }

  /** Notes a node made of others and refuses what is too deep to be walked; `counts` is false of what cel-go does not count. */
  #built<T extends Expr>(expr: T, parts: readonly Expr[], counts: boolean): T {
    let height = 0;
    for (const part of parts) height = Math.max(height, this.#heights.get(part) ?? 0);
    if (counts) height++;
    if (height > MAX_DEPTH) throw new CelSyntaxError(`expression recursion limit exceeded: ${MAX_DEPTH}`, expr.pos);
    if (height > 0) this.#heights.set(expr, height);
    return expr;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #unexpected(): never {
    throw new CelSyntaxError(`Syntax error: mismatched input '${this.#token.text}'`, this.#token.pos);
  }

  #is(op: string): boolean {
    return this.#token.kind === "op" && this.#token.text === op;
  }

  #accept(op: string): boolean {
    if (!this.#is(op)) return false;
    this.#at++;
    return true;
  }

  #expect(op: string): void {
    if (!this.#accept(op)) this.#unexpected();
  }

  #expr(): Expr {
    if (++this.#depth > MAX_DEPTH) throw new CelSyntaxError(`expression recursion limit exceeded: ${MAX_DEPTH}`, this.#token.pos);
    const condition = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
    const pos = this.#token.pos;
    let result = condition;
    if (this.#accept("?")) {
      const yes = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
      this.#expect(":");
      const branches = [condition, yes, this.#expr()];
      result = this.#built(call("_?_:_", pos, branches), branches, true);
    }
    this.#depth--;
    return result;
  }

  /** A chain of `&&` or `||` becomes a balanced tree, so that long chains stay shallow. */
  #logical(op: string, name: string, next: () => Expr): Expr {
    const terms = [next()];
    const positions: number[] = [];
    for (let pos = this.#token.pos; this.#accept(op); pos = this.#token.pos) {
      positions.push(pos);
      terms.push(next());
    }
    const balance = (from: number, to: number): Expr => {
      if (to - from === 1) return terms[from] as Expr;
      const middle = Math.ceil((from + to) / 2);
      const sides = [balance(from, middle), balance(middle, to)];
      return this.#built(call(name, positions[middle - 1] as number, sides), sides, false);
    };
    return balance(0, terms.length);
  }

  #relation(): Expr {
    let left = this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary()));
    for (;;) {
      const token = this.#token;
      const name = token.kind === "op" ? RELATIONS[token.text] : token.kind === "ident" && token.text === "in" ? "@in" : undefined;
      if (name === undefined) return left;
      this.#at++;
      const sides = [left, this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary()))];
      left = this.#built(call(name, token.pos, sides), sides, true);
    }
  }

  #chain(ops: Readonly<Record<string, string>>, next: () => Expr): Expr {
    let left = next();
    for (;;) {
      const token = this.#token;
      const name = token.kind === "op" ? ops[token.text] : undefined;
      if (name === undefined) return left;
      this.#at++;
      const sides = [left, next()];
      left = this.#built(call(name, token.pos, sides), sides, true);
    }
  }

  #unary(): Expr {
    const start = this.#token;
    let count = 0;
    const op = this.#is("!") ? "!" : "-";
    while (this.#is(op)) {
      const next = this.#tokens[this.#at + 1] as Token;
      // The sign belongs to the number, else the least int could not be written.
      if (op === "-" && (next.kind === "int" || next.kind === "double")) break;
      this.#at++;
      count++;
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#built(call(op === "!" ? "!_" : "-_", start.pos, [operand]), [operand], false);
  }

  #member(): Expr {
    let expr = this.#primary();
    for (;;) {
      const pos = this.#token.pos;
      if (this.#accept(".")) expr = this.#dot(expr, pos);
      else if (this.#accept("[")) {
        const optional = this.#accept("?");
        const index = this.#expr();
        this.#expect("]");
        expr = this.#built(call(optional ? "_[?_]" : "_[_]", pos, [expr, index]), [expr, index], true);
      } else if (this.#is("{")) {
        const typeName = dottedName(expr);
        if (typeName === undefined) return expr;
        expr = this.#struct(typeName, pos);
      } else return expr;
    }
  }

  #dot(operand: Expr, pos: number): Expr {
    const optional = this.#accept("?");
    const token = this.#token;
    if (token.kind !== "ident" && token.kind !== "quoted") this.#unexpected();
    if (token.kind === "ident" && LITERAL_WORDS.has(token.text)) this.#unexpected();
    this.#at++;
    if (optional) return this.#built(call("_?._", pos, [operand, { kind: "literal", value: token.text, pos: token.pos }]), [operand], true);
    if (token.kind === "ident" && this.#is("(")) return this.#call(token, operand);
    return this.#built({ kind: "select", operand, field: token.text, test: false, pos }, [operand], true);
  }

  #call(name: Token, target: Expr | undefined, leadingDot = ""): Expr {
    // A call lies where its parenthesis opens.
    const pos = this.#token.pos;
    this.#expect("(");
    const args = this.#list(")", () => this.#expr());
    const macro = this.#macros.find((m) => m.name === name.text && m.member === (target !== undefined) && m.args === args.length);
    const expanded = leadingDot === "" ? macro?.expand(target, args, pos) : undefined;
    const parts = target ? [target, ...args] : args;
    return this.#built(expanded ?? call(leadingDot + name.text, pos, args, target), parts, target !== undefined);
  }

  /** Elements with commas between, one may follow the last; the closing operator is read too. */
  #list<T>(close: string, element: () => T): T[] {
    const found: T[] = [];
    while (!this.#accept(close)) {
      found.push(element());
      if (this.#accept(",")) {
        if (close === ")" && this.#is(close)) this.#unexpected();
      } else if (!this.#is(close)) this.#unexpected();
    }
    return found;
  }

  #primary(): Expr {
    const token = this.#token;
    switch (token.kind) {
      case "int":
      case "uint":
      case "double":
        this.#at++;
        return number(token, false);
      case "string":
        this.#at++;
        return { kind: "literal", value: token.text, pos: token.pos };
      case "bytes":
        this.#at++;
        return { kind: "literal", value: token.bytes as Uint8Array<ArrayBuffer>, pos: token.pos };
      case "ident":
        return this.#word(token, "");
      case "op":
        return this.#bracketed(token);
      default:
        return this.#unexpected();
    }
  }

  #bracketed(token: Token): Expr {
    if (this.#accept("(")) {
      const expr = this.#expr();
      this.#expect(")");
      return expr;
    }
    if (this.#accept("[")) return this.#listLiteral(token.pos);
    if (this.#is("{")) return this.#mapLiteral(token.pos);
    if (this.#accept("-")) {
      const next = this.#token;
      this.#at++;
      return number(next, true);
    }
    if (this.#accept(".")) {
      if (this.#token.kind !== "ident") this.#unexpected();
      return this.#word(this.#token, ".");
    }
    return this.#unexpected();
  }

  #word(token: Token, dot: string): Expr {
    const pos = token.pos;
    if (dot === "") {
      const value = token.text === "true" ? true : token.text === "false" ? false : token.text === "null" ? null : undefined;
      if (value !== undefined) {
        this.#at++;
        return { kind: "literal", value, pos };
      }
    }
    if (LITERAL_WORDS.has(token.text)) this.#unexpected();
    if (RESERVED.has(token.text)) throw new CelSyntaxError(`reserved identifier: ${token.text}`, pos);
    this.#at++;
    if (this.#is("(")) return this.#call(token, undefined, dot);
    return { kind: "ident", name: dot + token.text, pos };
  }

  #listLiteral(pos: number): ListExpr {
    const elements = this.#list("]", () => ({ optional: this.#accept("?"), value: this.#expr() }));
    const parts = elements.map((e) => e.value);
    return this.#built({ kind: "list", elements, pos }, parts, false);
  }

  #mapLiteral(pos: number): MapExpr {
    this.#expect("{");
    const entries = this.#list("}", () => {
      const optional = this.#accept("?");
      const key = this.#expr();
      this.#expect(":");
      return { optional, key, value: this.#expr() };
    });
    const parts = entries.flatMap((e) => [e.key, e.value]);
    return this.#built({ kind: "map", entries, pos }, parts, false);
  }

  #struct(typeName: string, pos: number): StructExpr {
    this.#expect("{");
    const fields = this.#list("}", () => {
      const optional = this.#accept("?");
      const token = this.#token;
      if (token.kind !== "ident" && token.kind !== "quoted") this.#unexpected();
      this.#at++;
      this.#expect(":");
      return { optional, name: token.text, value: this.#expr() };
    });
    const parts = fields.map((f) => f.value);
    return this.#built({ kind: "struct", typeName, fields, pos }, parts, false);
  }
}

function call(name: string, pos: number, args: readonly Expr[], target?: Expr): Call {
  return { kind: "call", name, target, args, pos };
}

function number(token: Token, negative: boolean): Expr {
  const pos = token.pos;
  if (token.kind === "double") {
    const value = Number(token.text);
    if (!Number.isFinite(value)) throw new CelSyntaxError("invalid double literal", pos);
    return { kind: "literal", value: negative ? -value : value, pos };
  }
  const value = BigInt(token.text) * (negative ? -1n : 1n);
  if (token.kind === "uint") {
    if (negative || value > UINT_MAX) throw new CelSyntaxError("invalid uint literal", pos);
    return { kind: "literal", value: new CelUint(value), pos };
  }
  if (value < INT_MIN || value > INT_MAX) throw new CelSyntaxError("invalid int literal", pos);
  return { kind: "literal", value, pos };
}

/** `a.b.c` of an expression that is only names; undefined of every other. */
export function dottedName(expr: Expr): string | undefined {
  if (expr.kind === "ident") return expr.name;
  if (expr.kind !== "select" || expr.test) return undefined;
  const operand = dottedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}
