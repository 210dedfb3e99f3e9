import type { Call, Expr, ListExpr, MapExpr, StructExpr } from "./ast.ts";
import { CelSyntaxError, type Problem } from "./errors.ts";
import { type Token, tokenize, visible } from "./lexer.ts";
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

/** The kinds of tokens in the order in which upstream lists what it expects. */
const ORDER = "[ ] { } ( ) . , - ! ? : true false null NUM_FLOAT NUM_INT NUM_UINT STRING BYTES IDENTIFIER ESC_IDENTIFIER".split(" ");
const TERMINALS: Readonly<Record<Exclude<Token["kind"], "op" | "ident">, string>> = {
  quoted: "ESC_IDENTIFIER",
  int: "NUM_INT",
  uint: "NUM_UINT",
  double: "NUM_FLOAT",
  string: "STRING",
  bytes: "BYTES",
  end: "<EOF>",
};
/** What an expression may begin with. */
const STARTS: ReadonlySet<string> = new Set("[ { ( . - ! true false null NUM_FLOAT NUM_INT NUM_UINT STRING BYTES IDENTIFIER".split(" "));
/** What may follow any operand. */
const FOLLOWING: readonly string[] = "== != in < <= >= > && || [ { . - ? + * / %".split(" ");

function expectation(terminals: readonly string[]): string {
  const shown = (terminal: string): string => (/^[A-Z<]/u.test(terminal) ? terminal : `'${terminal}'`);
  const sorted = [...new Set(terminals)].toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).map(shown);
  return sorted.length === 1 ? (sorted[0] as string) : `{${sorted.join(", ")}}`;
}

/** How deep an expression may nest, as cel-go's default. */
const MAX_DEPTH = 250;

export interface ParseOptions {
  readonly macros: readonly Macro[];
  /** Names in backticks may be selected. */
  readonly quotedNames: boolean;
}

/** Reads an expression and expands its macros. Throws CelSyntaxError. */
export function parse(source: string, options: ParseOptions): Expr {
  return new Parser(source, options).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #macros: readonly Macro[];
  readonly #source: string;
  readonly #quotedNames: boolean;
  /** What is wrong so far and could be read over. */
  readonly #problems: Problem[];
  /** What may come after the innermost construct that is open. */
  readonly #closers: (readonly string[])[] = [["<EOF>"]];
  #at = 0;
  #depth = 0;
  /** How many chained or nested operations lie within a node; a node without an entry has none. */
  readonly #heights = new Map<Expr, number>();

  constructor(source: string, options: ParseOptions) {
    const { tokens, problems } = tokenize(source);
    this.#tokens = tokens;
    this.#problems = [...problems];
    this.#source = source;
    this.#macros = options.macros;
    this.#quotedNames = options.quotedNames;
  }

  whole(): Expr {
    try {
      const expr = this.#expr();
      if (this.#token.kind !== "end") this.#surplus("<EOF>", this.#next.kind === "end");
      if (this.#problems.length === 0) return expr;
    } catch (error) {
      if (!(error instanceof CelSyntaxError)) throw error;
      this.#problems.push(...error.problems);
    }
    // Of what lies at one place syntax comes first.
    const rank = ({ message }: Problem): number => (message.startsWith("Syntax error") ? 0 : 1);
    const sorted = this.#problems.toSorted((a, b) => a.pos - b.pos || rank(a) - rank(b));
    const [first] = sorted as [Problem];
    throw new CelSyntaxError(first.message, first.pos, sorted);
  }

  /** The token as it stands in the source. */
  #shown(token: Token): string {
    return token.kind === "end" ? "<EOF>" : visible(this.#source.slice(token.pos, token.end));
  }

  /** The name of the token's kind among what is expected. */
  #terminal(token: Token): string {
    if (token.kind === "op") return token.text;
    if (token.kind === "ident") return LITERAL_WORDS.has(token.text) ? token.text : "IDENTIFIER";
    return TERMINALS[token.kind];
  }

  #note(message: string, pos: number): void {
    this.#problems.push({ message: `Syntax error: ${message}`, pos });
  }

  /** Stops at the token that fits nothing, or leaves it out where what follows does fit. */
  #surplus(expected: string, nextFits: boolean): void {
    const token = this.#token;
    if (!nextFits) throw new CelSyntaxError(`Syntax error: mismatched input '${this.#shown(token)}' expecting ${expected}`, token.pos);
    this.#note(`extraneous input '${this.#shown(token)}' expecting ${expected}`, token.pos);
    this.#at++;
  }

  /** An expression begins here; `also` is what may stand in its place. */
  #begins(also: readonly string[] = []): void {
    const fits = (token: Token): boolean => STARTS.has(this.#terminal(token)) || also.includes(this.#terminal(token));
    if (!fits(this.#token)) this.#surplus(expectation([...STARTS, ...also]), fits(this.#next));
  }

  /** Runs within a construct after whose parts these may come. */
  #within<T>(closers: readonly string[], read: () => T): T {
    this.#closers.push(closers);
    const value = read();
    this.#closers.pop();
    return value;
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

  get #next(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)] as Token;
  }

  #unexpected(expected: readonly string[]): never {
    const token = this.#token;
    throw new CelSyntaxError(`Syntax error: mismatched input '${this.#shown(token)}' expecting ${expectation(expected)}`, token.pos);
  }

  #is(op: string): boolean {
    return this.#token.kind === "op" && this.#token.text === op;
  }

  #accept(op: string): boolean {
    if (!this.#is(op)) return false;
    this.#at++;
    return true;
  }

  /** Reads it; where it is missing but all the rest fits, that alone is told. */
  #expect(op: string): void {
    if (this.#accept(op)) return;
    const token = this.#token;
    const next = this.#next;
    if (next.kind === "op" && next.text === op) {
      this.#surplus(`'${op}'`, true);
      this.#at++;
      return;
    }
    const follows = op === ":" ? STARTS : new Set([...FOLLOWING, ...(this.#closers.at(-1) ?? [])]);
    if (!follows.has(this.#terminal(token))) this.#unexpected([op]);
    this.#note(`missing '${op}' at '${this.#shown(token)}'`, token.pos);
  }

  #expr(also?: readonly string[]): Expr {
    this.#begins(also);
    if (++this.#depth > MAX_DEPTH) throw new CelSyntaxError(`expression recursion limit exceeded: ${MAX_DEPTH}`, this.#token.pos);
    const condition = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
    const pos = this.#token.pos;
    let result = condition;
    if (this.#accept("?")) {
      const yes = this.#within([":"], () => this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation())));
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
    this.#begins();
    const start = this.#token;
    let count = 0;
    const op = this.#is("!") ? "!" : "-";
    while (this.#is(op)) {
      const next = this.#tokens[this.#at + 1] as Token;
      // A single sign belongs to the number, else the least int could not be written.
      if (op === "-" && count === 0 && (next.kind === "int" || next.kind === "double")) break;
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
        const index = this.#within(["]"], () => this.#expr(optional ? [] : ["?"]));
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
    if (token.kind === "ident" && LITERAL_WORDS.has(token.text)) this.#unexpected(["IDENTIFIER"]);
    if (token.kind !== "ident" && token.kind !== "quoted") {
      if (optional) {
        this.#problems.push({ message: "unsupported ident kind", pos: token.pos });
        this.#unexpected(["IDENTIFIER", "ESC_IDENTIFIER"]);
      }
      const input = visible(this.#source.slice(pos, token.end)).trimEnd();
      throw new CelSyntaxError(`Syntax error: no viable alternative at input '${input}'`, token.pos);
    }
    if (token.kind === "quoted" && !this.#quotedNames) throw new CelSyntaxError("unsupported syntax: '`'", token.pos);
    this.#at++;
    if (optional) return this.#built(call("_?._", pos, [operand, { kind: "literal", value: token.text, pos: token.pos }]), [operand], true);
    if (token.kind === "ident" && this.#is("(")) return this.#call(token, operand);
    return this.#built({ kind: "select", operand, field: token.text, test: false, pos }, [operand], true);
  }

  #call(name: Token, target: Expr | undefined, leadingDot = ""): Expr {
    // A call lies where its parenthesis opens.
    const pos = this.#token.pos;
    this.#expect("(");
    const args = this.#arguments();
    const macro = this.#macros.find((m) => m.name === name.text && m.member === (target !== undefined) && m.args === args.length);
    const expanded = leadingDot === "" ? macro?.expand(target, args, pos) : undefined;
    const parts = target ? [target, ...args] : args;
    return this.#built(expanded ?? call(leadingDot + name.text, pos, args, target), parts, target !== undefined);
  }

  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#accept(")")) return args;
    this.#begins([")"]);
    if (this.#accept(")")) return args;
    do args.push(this.#within([",", ")"], () => this.#expr()));
    while (this.#accept(","));
    this.#expect(")");
    return args;
  }

  /** Elements with commas between, one may follow the last; the closing operator is read too. */
  #list<T>(close: string, element: (also: readonly string[]) => T): T[] {
    const found: T[] = [];
    if (this.#accept(",")) {
      this.#expect(close);
      return found;
    }
    for (;;) {
      if (this.#accept(close)) return found;
      // After a comma that may have been the last one only a beginning of an element goes on.
      if (found.length > 0 && !STARTS.has(this.#terminal(this.#token)) && !this.#is("?") && this.#token.kind !== "quoted") {
        this.#expect(close);
        return found;
      }
      found.push(this.#within([",", close], () => element(found.length === 0 ? ["?", close, ","] : ["?"])));
      if (this.#accept(",")) continue;
      if (!this.#is(close)) this.#surplus(expectation([close, ","]), this.#next.kind === "op" && [close, ","].includes(this.#next.text));
      if (this.#accept(",")) continue;
    }
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
        return this.#unexpected([...STARTS]);
    }
  }

  #bracketed(token: Token): Expr {
    if (this.#accept("(")) {
      const expr = this.#within([")"], () => this.#expr());
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
      const word = this.#token;
      if (word.kind === "ident" && !LITERAL_WORDS.has(word.text)) return this.#word(word, ".");
      const input = visible(this.#source.slice(token.pos, word.end)).trimEnd();
      throw new CelSyntaxError(`Syntax error: no viable alternative at input '${input}'`, word.pos);
    }
    return this.#unexpected([...STARTS]);
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
    // The rest is read all the same: more may be wrong with it.
    if (RESERVED.has(token.text)) this.#problems.push({ message: `reserved identifier: ${token.text}`, pos });
    this.#at++;
    if (this.#is("(")) return this.#call(token, undefined, dot);
    return { kind: "ident", name: dot + token.text, pos };
  }

  #listLiteral(pos: number): ListExpr {
    const elements = this.#list("]", (also) => ({ optional: this.#accept("?"), value: this.#expr(also) }));
    const parts = elements.map((e) => e.value);
    return this.#built({ kind: "list", elements, pos }, parts, false);
  }

  #mapLiteral(pos: number): MapExpr {
    this.#expect("{");
    const entries = this.#list("}", (also) => {
      const optional = this.#accept("?");
      const key = this.#within([":"], () => this.#expr(also));
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
      const isName = token.kind === "quoted" || (token.kind === "ident" && !LITERAL_WORDS.has(token.text));
      if (!isName) this.#unexpected(["}", ",", "?", "IDENTIFIER", "ESC_IDENTIFIER"]);
      if (token.kind === "quoted" && !this.#quotedNames) throw new CelSyntaxError("unsupported syntax: '`'", token.pos);
      this.#at++;
      const colon = this.#token.pos;
      this.#expect(":");
      return { optional, name: token.text, value: this.#expr(), pos: colon };
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
