/**
 * JSONPath as Kubernetes speaks it (`k8s.io/client-go/util/jsonpath`), one path at a time: fields, indexes, slices, unions,
 * wildcards, recursive descent and filters. Missing fields give no result.
 */
export interface JsonPath {
  /** Every value that the path leads to, in order. */
  find(root: unknown): unknown[];
}

/** Throws an Error that says where the path stops making sense. `path` may be written with or without braces. */
export function parseJsonPath(path: string): JsonPath {
  const text = path.startsWith("{") && path.endsWith("}") ? path.slice(1, -1) : path;
  const steps = new PathParser(text).parse();
  return { find: (root) => walk(steps, [root], root) };
}

type Step = (values: readonly unknown[], root: unknown) => unknown[];

function walk(steps: readonly Step[], start: readonly unknown[], root: unknown): unknown[] {
  let values = [...start];
  for (const step of steps) values = step(values, root);
  return values;
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function field(name: string): Step {
  return (values) => values.flatMap((v) => (isMap(v) && Object.hasOwn(v, name) ? [v[name]] : []));
}

const wildcard: Step = (values) =>
  values.flatMap((v) => (Array.isArray(v) ? (v as unknown[]) : isMap(v) ? Object.keys(v).map((k) => v[k]) : []));

/** Every value below, the value itself included, from the top down. */
const descend: Step = (values) => values.flatMap(selfAndBelow);

function selfAndBelow(value: unknown): unknown[] {
  const below = Array.isArray(value) ? (value as unknown[]) : isMap(value) ? Object.keys(value).map((k) => value[k]) : [];
  return [value, ...below.flatMap(selfAndBelow)];
}

function slice(from: number | undefined, to: number | undefined, by: number): Step {
  return (values) =>
    values.flatMap((v) => {
      if (!Array.isArray(v)) return [];
      const list = v as unknown[];
      const at = (n: number): number => Math.min(list.length, Math.max(0, n < 0 ? n + list.length : n));
      const found: unknown[] = [];
      for (let i = at(from ?? 0); i < at(to ?? list.length); i += by) found.push(list[i]);
      return found;
    });
}

function index(n: number): Step {
  return (values) =>
    values.flatMap((v) => {
      if (!Array.isArray(v)) return [];
      const at = n < 0 ? n + v.length : n;
      return at >= 0 && at < v.length ? [v[at] as unknown] : [];
    });
}

type Operand = (value: unknown, root: unknown) => unknown[];
type Operator = "==" | "!=" | "<" | "<=" | ">" | ">=";

function filter(left: Operand, operator: Operator | undefined, right: Operand | undefined): Step {
  const holds = (value: unknown, root: unknown): boolean => {
    const [a] = left(value, root);
    if (operator === undefined || right === undefined) return a !== undefined;
    const [b] = right(value, root);
    if (a === undefined || b === undefined) return false;
    return compare(a, b, operator);
  };
  return (values, root) =>
    values.flatMap((v) => (Array.isArray(v) ? (v as unknown[]) : isMap(v) ? [v] : []).filter((item) => holds(item, root)));
}

function compare(a: unknown, b: unknown, operator: Operator): boolean {
  const [x, y] = typeof a === "number" || typeof b === "number" ? [Number(a), Number(b)] : [a as string, b as string];
  switch (operator) {
    case "==":
      return x === y;
    case "!=":
      return x !== y;
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    case ">=":
      return x >= y;
  }
}

class PathParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Step[] {
    if (this.#peek() === "$" || this.#peek() === "@") this.#at++;
    const steps = this.#steps();
    if (this.#at < this.#text.length) throw this.#error(`unexpected ${JSON.stringify(this.#peek())}`);
    return steps;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #error(why: string): Error {
    return new Error(`JSONPath ${JSON.stringify(this.#text)}: ${why} at ${this.#at}`);
  }

  #steps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.#text.startsWith("..", this.#at)) {
        this.#at += 2;
        steps.push(descend);
        if (this.#peek() !== "[" && this.#peek() !== "") steps.push(this.#name());
      } else if (this.#peek() === ".") {
        this.#at++;
        if (this.#peek() !== "[" && this.#peek() !== "") steps.push(this.#name());
      } else if (this.#peek() === "[") {
        this.#at++;
        steps.push(this.#bracket());
      } else return steps;
    }
  }

  #name(): Step {
    if (this.#peek() === "*") {
      this.#at++;
      return wildcard;
    }
    let name = "";
    while (this.#at < this.#text.length) {
      const c = this.#peek();
      if (c === "\\") {
        name += this.#text[this.#at + 1] ?? "";
        this.#at += 2;
        continue;
      }
      if (/[\s.[\](){}=!<>,'"|@$*?]/.test(c)) break;
      name += c;
      this.#at++;
    }
    if (name === "") throw this.#error("a name is missing");
    return field(name);
  }

  #bracket(): Step {
    if (this.#peek() === "?") return this.#filter();
    const members: Step[] = [];
    for (;;) {
      this.#spaces();
      members.push(this.#member());
      this.#spaces();
      const c = this.#peek();
      this.#at++;
      if (c === "]") break;
      if (c !== ",") throw this.#error("unterminated array");
    }
    const [only] = members;
    if (members.length === 1 && only !== undefined) return only;
    return (values, root) => values.flatMap((v) => members.flatMap((member) => member([v], root)));
  }

  #member(): Step {
    const c = this.#peek();
    if (c === "*") {
      this.#at++;
      return wildcard;
    }
    if (c === "'" || c === '"') return field(this.#string());
    const match = /^(-?\d*)(?::(-?\d*))?(?::(\d*))?/.exec(this.#text.slice(this.#at)) as RegExpExecArray;
    if (match[0] === "") throw this.#error("an index is missing");
    this.#at += match[0].length;
    const number = (part: string | undefined): number | undefined => (part === undefined || part === "" ? undefined : Number(part));
    if (match[2] === undefined) {
      const n = number(match[1]);
      if (n === undefined) throw this.#error("an index is missing");
      return index(n);
    }
    return slice(number(match[1]), number(match[2]), Math.max(1, number(match[3]) ?? 1));
  }

  #string(): string {
    const quote = this.#peek();
    let text = "";
    for (this.#at++; this.#peek() !== quote; this.#at++) {
      if (this.#at >= this.#text.length) throw this.#error("unterminated quoted string");
      if (this.#peek() === "\\") this.#at++;
      text += this.#peek();
    }
    this.#at++;
    return text;
  }

  #spaces(): void {
    while (this.#peek() === " ") this.#at++;
  }

  #filter(): Step {
    this.#at++;
    if (this.#peek() !== "(") throw this.#error("a filter needs parentheses");
    this.#at++;
    this.#spaces();
    const left = this.#operand();
    this.#spaces();
    const operator = /^(==|!=|<=|>=|<|>)/.exec(this.#text.slice(this.#at))?.[0] as Operator | undefined;
    let right: Operand | undefined;
    if (operator !== undefined) {
      this.#at += operator.length;
      this.#spaces();
      right = this.#operand();
      this.#spaces();
    }
    if (!this.#text.startsWith(")]", this.#at)) throw this.#error("unterminated filter");
    this.#at += 2;
    return filter(left, operator, right);
  }

  #operand(): Operand {
    const c = this.#peek();
    if (c === "@" || c === "$") {
      this.#at++;
      const steps = this.#steps();
      return (value, root) => walk(steps, [c === "@" ? value : root], root);
    }
    if (c === "'" || c === '"') {
      const text = this.#string();
      return () => [text];
    }
    const word = /^(true|false|-?\d+(\.\d+)?([eE][-+]?\d+)?)/.exec(this.#text.slice(this.#at))?.[0];
    if (word === undefined) throw this.#error("a value is missing");
    this.#at += word.length;
    const value = word === "true" ? true : word === "false" ? false : Number(word);
    return () => [value];
  }
}
