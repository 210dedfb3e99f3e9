/**
 * One step of a field path as managedFields write it: `f:name` (a field), `k:{"name":"x"}` (the item of a list with keys),
 * `v:"x"` (the item of a set) and `i:0` (an index). Elements are interned by their text, so that equality is mostly identity.
 */
import { Generations, largestShared } from "./generations.ts";

export type Scalar = string | number | bigint | boolean | null;

export type ElementKind = "f" | "k" | "v" | "i";

export interface PathElement {
  readonly kind: ElementKind;
  /** As it stands in FieldsV1. Two elements are equal when their texts are. */
  readonly text: string;
  /** The field's name; empty for the other kinds. */
  readonly name: string;
  /** Names and values of a `k:`, sorted by name. */
  readonly key: readonly (readonly [string, unknown])[];
  /** The value of a `v:` or the index of an `i:`. */
  readonly value: unknown;
  /** Differs between elements that are not equal. */
  readonly id: number;
}

const known = new Generations<string, PathElement>(16_384);
const fields = new Generations<string, PathElement>(16_384);
let lastId = 0;

function intern(kind: ElementKind, text: string, name: string, key: PathElement["key"], value: unknown): PathElement {
  const found = known.get(text);
  if (found !== undefined) return found;
  const element: PathElement = { kind, text, name, key, value, id: ++lastId };
  if (text.length <= largestShared) known.set(text, element);
  return element;
}

const noKey: PathElement["key"] = [];

/** `f:name` */
export function fieldElement(name: string): PathElement {
  let element = fields.get(name);
  if (element === undefined) {
    element = intern("f", `f:${name}`, name, noKey, undefined);
    if (name.length <= largestShared) fields.set(name, element);
  }
  return element;
}

/** `k:{…}`; the pairs may come in any order. */
export function keyElement(pairs: readonly (readonly [string, unknown])[]): PathElement {
  const sorted = pairs.length < 2 ? pairs : pairs.toSorted(([a], [b]) => compareText(a, b));
  const text = `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${goJson(value)}`).join(",")}}`;
  return intern("k", text, "", sorted, undefined);
}

/** `v:…` */
export function valueElement(value: unknown): PathElement {
  return intern("v", `v:${goJson(value)}`, "", noKey, value);
}

/** `i:0` */
export function indexElement(index: number): PathElement {
  return intern("i", `i:${index}`, "", noKey, index);
}

/** Reads the text of an element; undefined for a kind that nobody knows (upstream drops these). Throws for a malformed one. */
export function parsePathElement(text: string): PathElement | undefined {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (text.length < 2) throw new Error("key must be 2 characters long:");
  if (text[1] !== ":") throw new Error(`missing colon: ${text}`);
  const rest = text.slice(2);
  switch (text[0]) {
    case "f":
      return fieldElement(rest);
    case "v":
      return valueElement(JSON.parse(rest));
    case "k": {
      const key: unknown = JSON.parse(rest);
      if (typeof key !== "object" || key === null || Array.isArray(key)) throw new Error(`${text} holds no keys`);
      return keyElement(Object.entries(key));
    }
    case "i": {
      if (!/^[+-]?\d+$/.test(rest)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(rest)}: invalid syntax`);
      return indexElement(Number(rest));
    }
    default:
      return undefined;
  }
}

const ranks: Record<ElementKind, number> = { f: 0, k: 1, v: 2, i: 3 };

/** Upstream's order: fields, keys, values, indices; each in the order of its contents. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b || a.text === b.text) return 0;
  if (a.kind !== b.kind) return ranks[a.kind] - ranks[b.kind];
  if (a.kind === "f") return compareText(a.name, b.name);
  if (a.kind !== "k") return compareValues(a.value, b.value) || compareText(a.text, b.text);
  for (let i = 0; i < a.key.length && i < b.key.length; i++) {
    const [nameA, valueA] = a.key[i] as readonly [string, unknown];
    const [nameB, valueB] = b.key[i] as readonly [string, unknown];
    const order = compareText(nameA, nameB) || compareValues(valueA, valueB);
    if (order !== 0) return order;
  }
  return a.key.length - b.key.length || compareText(a.text, b.text);
}

/** As errors print it: `.name`, `[name="x"]`, `[="x"]`, `[0]`. */
export function printElement(element: PathElement): string {
  switch (element.kind) {
    case "f":
      return `.${element.name}`;
    case "k":
      return `[${element.key.map(([name, value]) => `${name}=${printScalar(value)}`).join(",")}]`;
    case "v":
      return `[=${printScalar(element.value)}]`;
    default:
      return `[${String(element.value)}]`;
  }
}

export function printPath(path: readonly PathElement[]): string {
  return path.map(printElement).join("");
}

function printScalar(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "object" ? JSON.stringify(value) : String(value);
}

const typeRanks: Record<string, number> = { number: 0, bigint: 0, string: 1, boolean: 2, object: 3 };

function compareValues(a: unknown, b: unknown): number {
  const rank = (typeRanks[typeof a] ?? 4) - (typeRanks[typeof b] ?? 4);
  if (rank !== 0) return rank;
  if (typeof a === "string") return compareText(a, b as string);
  if (typeof a === "object") return compareText(goJson(a), goJson(b));
  const [x, y] = [a as number, b as number];
  return x < y ? -1 : x > y ? 1 : 0;
}

const surrogates = /[\ud800-\udfff]/;

/** The order of UTF-8 bytes, which differs from that of UTF-16 only where a surrogate is. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (surrogates.test(a) || surrogates.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** JSON as Go marshals a value: sorted keys, and `<`, `>`, `&` escaped. */
export function goJson(value: unknown): string {
  const escape = (text: string): string =>
    JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (typeof value === "string") return escape(value);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.keys(value)
    .filter((key) => (value as Record<string, unknown>)[key] !== undefined)
    .sort(compareText)
    .map((key) => `${escape(key)}:${goJson((value as Record<string, unknown>)[key])}`);
  return `{${members.join(",")}}`;
}
