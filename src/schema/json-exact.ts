/**
 * JSON read exactly: keys in order with their duplicates, numbers as they were written, and errors in the words of Go's
 * `encoding/json`. Slow; `json.ts` comes here only when the fast way could lose or hide something.
 */
import { maxJsonDepth } from "./json-scan.ts";

/** A JSON number as it was written. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An object's members in order; a key may come twice. */
export class JsonMembers {
  readonly members: readonly (readonly [string, JsonNode])[];
  constructor(members: readonly (readonly [string, JsonNode])[]) {
    this.members = members;
  }
}

export type JsonNode = null | boolean | string | JsonNumber | JsonNode[] | JsonMembers;

/** Malformed JSON, worded as Go words it. */
export class JsonSyntaxError extends Error {}

const unexpectedEnd = "unexpected end of JSON input";

function quoteChar(c: string): string {
  if (c === "'") return "'\\''";
  if (c === '"') return "'\"'";
  return `'${JSON.stringify(c).slice(1, -1)}'`;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail("after top-level value");
    return value;
  }

  #space(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
    }
  }

  #fail(context: string): never {
    if (this.#at >= this.#text.length) throw new JsonSyntaxError(unexpectedEnd);
    throw new JsonSyntaxError(`invalid character ${quoteChar(this.#text[this.#at] as string)} ${context}`);
  }

  #value(): JsonNode {
    this.#space();
    const c = this.#text[this.#at];
    switch (c) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        return this.#literal("true", true);
      case "f":
        return this.#literal("false", false);
      case "n":
        return this.#literal("null", null);
      default:
        if (c !== undefined && (c === "-" || (c >= "0" && c <= "9"))) return this.#number();
        return this.#fail("looking for beginning of value");
    }
  }

  #deeper(): void {
    this.#at++;
    if (++this.#depth > maxJsonDepth) throw new JsonSyntaxError("exceeded max depth");
  }

  #object(): JsonMembers {
    this.#deeper();
    const members: [string, JsonNode][] = [];
    this.#space();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      this.#depth--;
      return new JsonMembers(members);
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail("looking for beginning of object key string");
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") this.#fail("after object key");
      this.#at++;
      members.push([key, this.#value()]);
      this.#space();
      const c = this.#text[this.#at];
      if (c !== "," && c !== "}") this.#fail("after object key:value pair");
      this.#at++;
      if (c === "}") break;
    }
    this.#depth--;
    return new JsonMembers(members);
  }

  #array(): JsonNode[] {
    this.#deeper();
    const items: JsonNode[] = [];
    this.#space();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      this.#depth--;
      return items;
    }
    for (;;) {
      items.push(this.#value());
      this.#space();
      const c = this.#text[this.#at];
      if (c !== "," && c !== "]") this.#fail("after array element");
      this.#at++;
      if (c === "]") break;
    }
    this.#depth--;
    return items;
  }

  #literal<T>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#text[this.#at] !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i]}')`);
    }
    return value;
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(c)) throw new JsonSyntaxError(unexpectedEnd);
      if (c === 0x22) break;
      if (c < 0x20) this.#fail("in string literal");
      this.#at++;
      if (c === 0x5c) this.#escape();
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #escape(): void {
    const c = this.#text[this.#at];
    if (c === undefined || !'"\\/bfnrtu'.includes(c)) this.#fail("in string escape code");
    this.#at++;
    if (c !== "u") return;
    for (let i = 0; i < 4; i++, this.#at++) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? "")) this.#fail("in \\u hexadecimal character escape");
    }
  }

  #digits(): boolean {
    const start = this.#at;
    while (/[0-9]/.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#at > start;
  }

  #number(): JsonNumber {
    const start = this.#at;
    if (this.#text[this.#at] === "-") this.#at++;
    if (this.#text[this.#at] === "0") this.#at++;
    else if (!this.#digits()) this.#fail("in numeric literal");
    if (this.#text[this.#at] === ".") {
      this.#at++;
      if (!this.#digits()) this.#fail("after decimal point in numeric literal");
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#at++;
      if (/[+-]/.test(this.#text[this.#at] ?? "")) this.#at++;
      if (!this.#digits()) this.#fail("in exponent of numeric literal");
    }
    return new JsonNumber(this.#text.slice(start, this.#at));
  }
}

/** Reads a whole document. Throws {@link JsonSyntaxError}. */
export function parseJsonExactly(text: string): JsonNode {
  return new Reader(text).document();
}

const maxInt64 = 0x7fffffffffffffffn;

/**
 * The number an untyped field holds: an integer of 64 bits stays exact (a `bigint` where `number` cannot hold it), anything
 * else is a float, as Go's `int64` or `float64`.
 */
export function untypedNumber(text: string): number | bigint {
  const value = Number(text);
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(text)) return value;
  const exact = BigInt(text);
  return exact <= maxInt64 && exact >= -maxInt64 - 1n ? exact : value;
}

/** Sets an own property, whatever its name. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** The plain tree: the last of duplicate keys wins, integers stay exact. */
export function plainJson(node: JsonNode): unknown {
  if (node instanceof JsonNumber) return untypedNumber(node.text);
  if (Array.isArray(node)) return node.map(plainJson);
  if (node instanceof JsonMembers) {
    const object: Record<string, unknown> = {};
    for (const [key, value] of node.members) setOwn(object, key, plainJson(value));
    return object;
  }
  return node;
}
