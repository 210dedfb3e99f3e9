/** JSON trees that are changed by copying: only what a patch touches is made anew. */
import { setOwn } from "../json-exact.ts";

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A shallow copy with sorted keys, as Go marshals a map. */
export function sortedCopy(object: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const key of Object.keys(object).sort()) setOwn(copy, key, object[key]);
  return copy;
}

/** Brings keys that were added later into their place. */
export function sortInPlace(object: JsonObject): void {
  const keys = Object.keys(object);
  for (const [i, key] of keys.toSorted().entries()) {
    if (key === keys[i]) continue;
    const sorted = sortedCopy(object);
    for (const k of keys) delete object[k];
    for (const k of Object.keys(sorted)) setOwn(object, k, sorted[k]);
    return;
  }
}

/** The own property, or undefined. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Deep equality of JSON values; the order of keys does not count. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]));
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && jsonEqual((a as JsonObject)[key], (b as JsonObject)[key]))
  );
}
