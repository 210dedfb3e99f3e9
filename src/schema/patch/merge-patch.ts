/** JSON merge patch (RFC 7386). */
import { setOwn } from "../json-exact.ts";
import { isObject, type JsonObject, own, sortedCopy, sortInPlace } from "./tree.ts";

/** Merges and returns a new document; neither argument is changed. Nulls remove, lists replace. */
export function applyMergePatch<T extends object>(document: T, patch: object): T {
  return merge(document as JsonObject, patch as JsonObject) as T;
}

function merge(document: JsonObject, patch: JsonObject): JsonObject {
  const result = sortedCopy(document);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      delete result[key];
      continue;
    }
    const current = own(result, key);
    setOwn(result, key, isObject(value) && isObject(current) ? merge(current, value) : withoutNulls(value));
  }
  sortInPlace(result);
  return result;
}

/** What is new brings no nulls with it; the items of a list may be null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === null ? null : withoutNulls(item)));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort()) if (value[key] !== null) setOwn(result, key, withoutNulls(value[key]));
  return result;
}
