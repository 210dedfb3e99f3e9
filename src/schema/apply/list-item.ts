/** By which element the item of a list is known. */
import { isObject, type JsonObject } from "../patch/tree.ts";
import type { ListAtom } from "./atom.ts";
import { Generations, largestShared } from "./generations.ts";
import { keyElement, type PathElement, valueElement } from "./path-element.ts";

/** What stands where the type does not allow it; `path` is in the form of errors (`.spec.ports[0]`). */
export class TypedError extends Error {}

/** The element of an item of a list that is not atomic. Throws {@link TypedError} for one that cannot be told apart. */
export function itemElement(list: ListAtom, item: unknown): PathElement {
  if (list.keys.length === 0) return setElement(item);
  if (item === null) throw new TypedError("associative list with keys may not have a null element");
  if (!isObject(item)) throw new TypedError("associative list with keys may not have non-map elements");
  const id = shortId(list.keys, item);
  let element = id === undefined ? undefined : known.get(id);
  if (element === undefined) {
    element = keyElement(keyPairs(list, item));
    if (id !== undefined && id.length <= largestShared) known.set(id, element);
  }
  return element;
}

/** Elements by their keys as {@link shortId} has them: their text, which is JSON, need not be made again. */
const known = new Generations<string, PathElement>(16_384);

/** Undefined for keys that are absent, or no strings or numbers. */
function shortId(keys: readonly string[], item: JsonObject): string | undefined {
  let id = "";
  for (const key of keys) {
    const value = item[key];
    if (typeof value === "string") id += `${key}"${value}\u0000`;
    else if (typeof value === "number") id += `${key}#${value}\u0000`;
    else return undefined;
  }
  return id;
}

function keyPairs(list: ListAtom, item: JsonObject): [string, unknown][] {
  const pairs: [string, unknown][] = [];
  for (const key of list.keys) {
    const value = Object.hasOwn(item, key) ? item[key] : undefined;
    if (value !== undefined) {
      pairs.push([key, value]);
      continue;
    }
    const map = list.element().map;
    if (map === undefined) {
      throw new TypedError(`couldn't find default value for ${key}: associative list may not have non-map types`);
    }
    const standIn = map.fields.get(key)?.defaultValue;
    if (standIn !== undefined && standIn !== null) pairs.push([key, standIn]);
  }
  if (pairs.length === 0) {
    const names = `[${list.keys.map((key) => JSON.stringify(key)).join(" ")}]`;
    throw new TypedError(
      `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
    );
  }
  return pairs;
}

function setElement(item: unknown): PathElement {
  if (item === null) throw new TypedError("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new TypedError("not supported: associative list with lists as elements");
  if (typeof item === "object") throw new TypedError("associative list without keys has an element that's a map type");
  return valueElement(item);
}

/** Items that are known by one element: one, but in lists that upstream would not let through today. */
export interface ItemGroup {
  readonly element: PathElement;
  readonly items: unknown[];
}

/** The items of a list by the texts of their elements, in order. Throws {@link TypedError}. */
export function groupItems(list: readonly unknown[], type: ListAtom): Map<string, ItemGroup> {
  const groups = new Map<string, ItemGroup>();
  for (const item of list) {
    const element = itemElement(type, item);
    const group = groups.get(element.text);
    if (group === undefined) groups.set(element.text, { element, items: [item] });
    else group.items.push(item);
  }
  return groups;
}
