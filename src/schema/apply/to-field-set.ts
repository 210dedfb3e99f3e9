/** The set of fields that an object has. */
import { isObject } from "../patch/tree.ts";
import { type Atom, firstForm, formOf, keyAtom, type ListAtom, type MapAtom } from "./atom.ts";
import { type Entry, FieldSet, sortEntries } from "./field-set.ts";
import { groupItems } from "./list-item.ts";
import { fieldElement } from "./path-element.ts";

interface Fields {
  /** The path to the value is in the set. */
  member: boolean;
  below: FieldSet | undefined;
}

/** Leaves, items of lists, and keys of maps that are no struct. Throws `TypedError` for items that cannot be told apart. */
export function toFieldSet(value: unknown, atom: Atom): FieldSet {
  return fieldsOf(value, atom).below ?? FieldSet.empty;
}

function fieldsOf(value: unknown, atom: Atom): Fields {
  switch (formOf(atom, value) ?? firstForm(atom)) {
    case "scalar":
      return { member: true, below: undefined };
    case "list":
      return listFields(value, atom.list as ListAtom);
    default:
      return mapFields(value, atom.map as MapAtom);
  }
}

function mapFields(value: unknown, map: MapAtom): Fields {
  if (map.atomic) return { member: true, below: undefined };
  if (!isObject(value)) return { member: false, below: undefined };
  const entries: Entry[] = [];
  for (const key of Object.keys(value)) {
    const child = value[key];
    if (child === undefined) continue;
    const type = keyAtom(map, key);
    const { member, below } = type === undefined ? { member: true, below: undefined } : fieldsOf(child, type);
    const empty = child === null || (isObject(child) && Object.keys(child).length === 0);
    const self = member || empty || !map.fields.has(key);
    if (self || below !== undefined) entries.push({ element: fieldElement(key), member: self, children: below });
  }
  return { member: false, below: entries.length === 0 ? undefined : FieldSet.of(sortEntries(entries)) };
}

function listFields(value: unknown, list: ListAtom): Fields {
  if (list.atomic) return { member: true, below: undefined };
  if (!Array.isArray(value)) return { member: false, below: undefined };
  const entries: Entry[] = [];
  for (const { element, items: same } of groupItems(value, list).values()) {
    // What is there twice has one owner as a whole.
    const children = same.length > 1 ? undefined : fieldsOf(same[0], list.element()).below;
    entries.push({ element, member: true, children });
  }
  return { member: false, below: entries.length === 0 ? undefined : FieldSet.of(sortEntries(entries)) };
}
