/** Takes items out of an object, or keeps nothing but them. */
import { setOwn } from "../json-exact.ts";
import { isObject, type JsonObject } from "../patch/tree.ts";
import { type Atom, firstForm, formOf, keyAtom, type ListAtom, type MapAtom } from "./atom.ts";
import { FieldSet } from "./field-set.ts";
import { itemElement } from "./list-item.ts";
import { fieldElement } from "./path-element.ts";

/** The value without the fields and items of `set`. What a removal empties stays, as null. */
export function removeItems(value: unknown, set: FieldSet, atom: Atom): unknown {
  return set.isEmpty ? value : (walk(value, set, atom, false) ?? null);
}

/** The value with nothing but the fields and items of `set`; atomic values are kept whole. */
export function extractItems(value: unknown, set: FieldSet, atom: Atom): unknown {
  return walk(value, set, atom, true) ?? null;
}

/** Undefined where nothing is left. */
function walk(value: unknown, set: FieldSet, atom: Atom, extract: boolean): unknown {
  switch (formOf(atom, value) ?? firstForm(atom)) {
    case "scalar":
      return value;
    case "list":
      return listWalk(value, set, atom.list as ListAtom, extract);
    default:
      return mapWalk(value, set, atom.map as MapAtom, extract);
  }
}

/** A container that lost everything below it, but not itself, stays as null: its own path may have another owner. */
function below(value: unknown, set: FieldSet, atom: Atom, extract: boolean): unknown {
  return walk(value, set, atom, extract) ?? null;
}

function listWalk(value: unknown, set: FieldSet, list: ListAtom, extract: boolean): unknown {
  if (!Array.isArray(value)) return undefined;
  if (value.length === 0 || list.atomic) return extract ? value : undefined;
  const items: unknown[] = [];
  for (const item of value as unknown[]) {
    const entry = set.find(itemElement(list, item));
    if (extract) {
      if (entry !== undefined) items.push(entry.children === undefined ? item : below(item, entry.children, list.element(), true));
    } else if (entry === undefined) items.push(item);
    else if (!entry.member && entry.children !== undefined) items.push(below(item, entry.children, list.element(), false));
  }
  return items.length > 0 ? items : undefined;
}

function mapWalk(value: unknown, set: FieldSet, map: MapAtom, extract: boolean): unknown {
  if (!isObject(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length === 0 || map.atomic) return extract ? value : undefined;
  const result: JsonObject = {};
  for (const key of keys) {
    const child = value[key];
    const entry = set.find(fieldElement(key));
    const atom = keyAtom(map, key);
    if (entry === undefined || atom === undefined) {
      if (!extract) setOwn(result, key, child);
    } else if (entry.member) {
      // Upstream hands the whole set down here, not the part below the field: an extracted struct keeps what matches from the top.
      if (extract) setOwn(result, key, walk(child, set, atom, true) ?? null);
    } else {
      setOwn(result, key, below(child, entry.children ?? FieldSet.empty, atom, extract));
    }
  }
  return Object.keys(result).length > 0 ? result : undefined;
}
