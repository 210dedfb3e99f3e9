/** What a write added, changed and took away, as field sets. Shared subtrees are not walked. */
import { isObject, type JsonObject, jsonEqual } from "../patch/tree.ts";
import { type Atom, firstForm, type Form, formOf, keyAtom, type ListAtom, type MapAtom } from "./atom.ts";
import { FieldSet, FieldSetBuilder } from "./field-set.ts";
import { groupItems } from "./list-item.ts";
import { fieldElement, type PathElement } from "./path-element.ts";

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const same: Comparison = { added: FieldSet.empty, modified: FieldSet.empty, removed: FieldSet.empty };

export function isSame({ added, modified, removed }: Comparison): boolean {
  return added.isEmpty && modified.isEmpty && removed.isEmpty;
}

/** Applies `change` to each set of a comparison. */
export function mapComparison(comparison: Comparison, change: (set: FieldSet) => FieldSet): Comparison {
  const { added, modified, removed } = comparison;
  return isSame(comparison) ? comparison : { added: change(added), modified: change(modified), removed: change(removed) };
}

/** Compares two objects of one type. Throws `TypedError` for items of lists that cannot be told apart. */
export function compare(before: unknown, after: unknown, atom: Atom): Comparison {
  if (before === after) return same;
  const walk = new Walk();
  walk.value(before, after, atom);
  return walk.result();
}

class Walk {
  readonly #path: PathElement[] = [];
  readonly #added = new FieldSetBuilder();
  readonly #modified = new FieldSetBuilder();
  readonly #removed = new FieldSetBuilder();

  result(): Comparison {
    if (this.#added.isEmpty && this.#modified.isEmpty && this.#removed.isEmpty) return same;
    return { added: this.#added.build(), modified: this.#modified.build(), removed: this.#removed.build() };
  }

  /** `undefined` on one side: the value is not there. */
  value(before: unknown, after: unknown, atom: Atom): void {
    if (before === after) return;
    const [formBefore, formAfter] = [formOf(atom, before), formOf(atom, after)];
    let leaf: boolean;
    if (after === undefined) leaf = this.#form(before, after, atom, formBefore);
    else {
      // Where the value changed its form, the old one counts as well.
      if (before !== undefined && formBefore !== formAfter) this.#form(before, after, atom, formBefore);
      leaf = this.#form(before, after, atom, formAfter);
    }
    if (leaf) return;
    if (before === undefined) this.#added.insert(this.#path);
    else if (after === undefined) this.#removed.insert(this.#path);
  }

  /** Says whether the value is a leaf, which needs no further mark. */
  #form(before: unknown, after: unknown, atom: Atom, form: Form | undefined): boolean {
    switch (form ?? firstForm(atom)) {
      case "scalar":
        return this.#leaf(before, after);
      case "list":
        return this.#list(before, after, atom.list as ListAtom);
      default:
        return this.#map(before, after, atom.map as MapAtom);
    }
  }

  #leaf(before: unknown, after: unknown): boolean {
    if (before === undefined) this.#added.insert(this.#path);
    else if (after === undefined) this.#removed.insert(this.#path);
    else if (!jsonEqual(before, after)) this.#modified.insert(this.#path);
    return true;
  }

  #map(before: unknown, after: unknown, map: MapAtom): boolean {
    const left = isObject(before) ? before : undefined;
    const right = isObject(after) ? after : undefined;
    if (map.atomic || (isBare(left) && isBare(right))) return this.#leaf(before, after);
    if (left !== undefined) {
      for (const key of Object.keys(left))
        this.#field(key, left[key], right !== undefined && Object.hasOwn(right, key) ? right[key] : undefined, map);
    }
    if (right !== undefined) {
      for (const key of Object.keys(right))
        if (left === undefined || !Object.hasOwn(left, key)) this.#field(key, undefined, right[key], map);
    }
    return false;
  }

  #field(key: string, before: unknown, after: unknown, map: MapAtom): void {
    if (before === after) return;
    const atom = keyAtom(map, key);
    if (atom === undefined) return;
    this.#path.push(fieldElement(key));
    this.value(before, after, atom);
    this.#path.pop();
  }

  #list(before: unknown, after: unknown, list: ListAtom): boolean {
    const left = Array.isArray(before) ? (before as unknown[]) : [];
    const right = Array.isArray(after) ? (after as unknown[]) : [];
    if (list.atomic || (left.length === 0 && right.length === 0)) return this.#leaf(before, after);
    // Cheaper than telling the items apart, and most lists of a write are equal.
    if (before !== undefined && after !== undefined && jsonEqual(before, after)) return false;
    const [items, successors] = [groupItems(left, list), groupItems(right, list)];
    for (const [text, { element, items: olds }] of items) this.#item(element, olds, successors.get(text)?.items ?? [], list);
    for (const [text, { element, items: news }] of successors) if (!items.has(text)) this.#item(element, [], news, list);
    return false;
  }

  /** An item that is there twice is one leaf: compared as a whole, and marked when it comes to be so or ceases to. */
  #item(element: PathElement, olds: readonly unknown[], news: readonly unknown[], list: ListAtom): void {
    this.#path.push(element);
    if (olds.length <= 1 && news.length <= 1) this.value(olds[0], news[0], list.element());
    else if (olds.length >= 2 && news.length >= 2) {
      if (!jsonEqual(olds, news)) this.#modified.insert(this.#path);
    } else if (olds.length >= 2) {
      if (news.length > 0) this.value(undefined, news[0], list.element());
      this.#removed.insert(this.#path);
    } else {
      if (olds.length > 0) this.value(olds[0], undefined, list.element());
      this.#added.insert(this.#path);
    }
    this.#path.pop();
  }
}

function isBare(map: JsonObject | undefined): boolean {
  return map === undefined || Object.keys(map).every((key) => map[key] === undefined);
}
