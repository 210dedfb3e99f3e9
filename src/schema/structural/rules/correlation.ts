/** Which old value a new one replaces: what ratcheting and transition rules compare with (`apiserver/pkg/cel/common`). */
import { jsonEqual } from "../../patch/tree.ts";

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** A new value beside the old one that it replaces. */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  #unchanged: boolean | undefined;
  constructor(value: unknown, old: unknown) {
    this.value = value;
    this.old = old;
  }
  get unchanged(): boolean {
    this.#unchanged ??= this.value !== null && this.old !== null && jsonEqual(this.value, this.old);
    return this.#unchanged;
  }
  /** Undefined where one of the two has no such key. */
  key(name: string): Correlation | undefined {
    const { value, old } = this;
    if (!isObject(value) || !isObject(old) || !Object.hasOwn(old, name) || !Object.hasOwn(value, name)) return undefined;
    return new Correlation(value[name], old[name]);
  }
}

/** Whether errors at a node are only told as warnings: nothing changed there, or in the nearest part that has an old value. */
export class Ratchet {
  readonly current: Correlation | undefined;
  readonly nearest: Correlation | undefined;
  constructor(current: Correlation | undefined, nearest: Correlation | undefined) {
    this.current = current;
    this.nearest = nearest;
  }
  get unchanged(): boolean {
    return (this.current ?? this.nearest)?.unchanged ?? false;
  }
  key(name: string): Ratchet {
    if (this.current === undefined) return this;
    // Both objects are shown at the same version: a change of these two cannot be seen.
    if (this.nearest === undefined && (name === "apiVersion" || name === "kind")) return new Ratchet(undefined, undefined);
    return new Ratchet(this.current.key(name), this.current);
  }
  /** `old` is the element of the old list with the same keys. */
  item(value: unknown, old: unknown): Ratchet {
    if (this.current === undefined) return this;
    return new Ratchet(old === undefined ? undefined : new Correlation(value, old), this.current);
  }
}

const scalars = new Set(["boolean", "number", "string", "bigint"]);

/** One text of the values of the keys; undefined of what is no element of such a list. */
function keyOf(element: unknown, keys: readonly string[]): string | undefined {
  if (!isObject(element)) return undefined;
  const values = keys.map((key) => (Object.hasOwn(element, key) ? element[key] : undefined));
  return values.every((value) => scalars.has(typeof value)) ? JSON.stringify(values.map((v) => [typeof v, String(v)])) : undefined;
}

/** Finds elements of an old list by their keys; the first of equal ones. */
export function oldElements(list: unknown, keys: readonly string[] | undefined): (element: unknown) => unknown {
  if (keys === undefined || keys.length === 0 || !Array.isArray(list) || list.length === 0) return () => undefined;
  const known = new Map<string, unknown>();
  for (const element of list) {
    const key = keyOf(element, keys);
    if (key !== undefined && !known.has(key)) known.set(key, element);
  }
  return (element) => {
    const key = keyOf(element, keys);
    return key === undefined ? undefined : known.get(key);
  };
}
