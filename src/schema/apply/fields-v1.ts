/** FieldsV1, the JSON of a field set: `{"f:spec":{"f:replicas":{}}}`; `"."` stands for the path itself where longer ones follow. */
import { deepFreeze } from "../object.ts";
import { type Entry, FieldSet, sortEntries } from "./field-set.ts";
import { Generations, largestShared } from "./generations.ts";
import { parsePathElement } from "./path-element.ts";

export type FieldsV1 = Record<string, unknown>;

const encoded = new WeakMap<FieldSet, FieldsV1>();
const decoded = new WeakMap<object, FieldSet>();

/** The frozen JSON of a set. One set always gives the same object, so that its bytes may be kept. */
export function encodeFields(set: FieldSet): FieldsV1 {
  const made = encoded.get(set);
  if (made !== undefined) return made;
  const fields = Object.freeze(write(set, false));
  encoded.set(set, fields);
  decoded.set(fields, set);
  return fields;
}

function write(set: FieldSet, self: boolean): FieldsV1 {
  const fields: FieldsV1 = {};
  if (self) fields["."] = leaf;
  for (const { element, member, children } of set.entries) {
    fields[element.text] = children === undefined ? leaf : member ? Object.freeze(write(children, true)) : encodeFields(children);
  }
  return fields;
}

const leaf: FieldsV1 = Object.freeze({});

/** By their text. A few hundred sets are those of a hundred thousand objects. */
const interned = new Generations<string, FieldsV1>(4096);

/** Fields that were parsed, shared with all others that say the same: most of what an object in memory would weigh. */
export function internFields(fields: FieldsV1): FieldsV1 {
  const text = JSON.stringify(fields);
  if (text.length > 32 * largestShared) return fields;
  let known = interned.get(text);
  if (known === undefined) interned.set(text, (known = deepFreeze(fields)));
  return known;
}

/**
 * Reads FieldsV1. Elements of an unknown kind are dropped. Throws for elements that are malformed. A frozen object is read
 * only once.
 */
export function decodeFields(fields: FieldsV1): FieldSet {
  const read = decoded.get(fields);
  if (read !== undefined) return read;
  const { set } = parse(fields);
  if (Object.isFrozen(fields)) decoded.set(fields, set ?? FieldSet.empty);
  return set ?? FieldSet.empty;
}

function parse(fields: unknown): { set: FieldSet | undefined; member: boolean } {
  if (typeof fields !== "object" || fields === null) return { set: undefined, member: true };
  let member = false;
  const entries: Entry[] = [];
  for (const key of Object.keys(fields)) {
    if (key === ".") {
      member = true;
      continue;
    }
    const element = parsePathElement(key);
    if (element === undefined) continue;
    const below = parse((fields as FieldsV1)[key]);
    if (below.member || below.set !== undefined) entries.push({ element, member: below.member, children: below.set });
  }
  if (entries.length === 0) return { set: undefined, member: true };
  return { set: FieldSet.of(merged(sortEntries(entries))), member };
}

/** Two spellings of one key are one element. */
function merged(entries: Entry[]): Entry[] {
  if (!entries.some((entry, i) => i > 0 && entry.element.text === entries[i - 1]?.element.text)) return entries;
  return entries.reduce((set, entry) => set.union(FieldSet.of([entry])), FieldSet.empty).entries.slice();
}
