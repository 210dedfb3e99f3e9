/**
 * A set of field paths: an immutable trie whose nodes are interned, so that the same set of a hundred thousand pods is one,
 * and an operation that changes nothing gives back its very input. A path in the set says nothing about its parents.
 */
import { Generations, largestShared } from "./generations.ts";
import { compareElements, fieldElement, type PathElement } from "./path-element.ts";

export interface Entry {
  readonly element: PathElement;
  /** The path that ends here is in the set. */
  readonly member: boolean;
  /** Longer paths through here; never an empty set. */
  readonly children: FieldSet | undefined;
}

const nodes = new Generations<string, FieldSet>(16_384);
let lastId = 0;

export class FieldSet {
  /** Sorted by element. */
  readonly entries: readonly Entry[];
  readonly id: number;

  private constructor(entries: readonly Entry[]) {
    this.entries = entries;
    this.id = lastId++;
  }

  static readonly empty: FieldSet = new FieldSet([]);

  /** The interned set of entries that are sorted and hold something each. */
  static of(entries: readonly Entry[]): FieldSet {
    if (entries.length === 0) return FieldSet.empty;
    if (entries.length > largestShared) return new FieldSet(entries);
    let key = "";
    for (const { element, member, children } of entries) {
      key += `${element.id}${member ? "+" : "-"}${children === undefined ? "" : children.id} `;
    }
    const found = nodes.get(key);
    if (found !== undefined) return found;
    const set = new FieldSet(entries);
    nodes.set(key, set);
    return set;
  }

  /** The set of these paths, given by field names. */
  static fromFields(...paths: readonly (readonly string[])[]): FieldSet {
    return FieldSet.fromPaths(paths.map((path) => path.map(fieldElement)));
  }

  static fromPaths(paths: readonly (readonly PathElement[])[]): FieldSet {
    const builder = new FieldSetBuilder();
    for (const path of paths) builder.insert(path);
    return builder.build();
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** The entry of an element, by bisection. */
  find(element: PathElement): Entry | undefined {
    const { entries } = this;
    for (let low = 0, high = entries.length - 1; low <= high; ) {
      const middle = (low + high) >> 1;
      const entry = entries[middle] as Entry;
      const order = compareElements(entry.element, element);
      if (order === 0) return entry;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  has(path: readonly PathElement[], from = 0): boolean {
    const element = path[from];
    const entry = element === undefined ? undefined : this.find(element);
    if (from === path.length - 1) return entry?.member === true;
    return entry?.children?.has(path, from + 1) === true;
  }

  /** Calls `visit` with every path of the set, members of a level before longer paths. The array is reused. */
  forEach(visit: (path: readonly PathElement[]) => void, prefix: PathElement[] = []): void {
    for (const { element, member } of this.entries) if (member) visit([...prefix, element]);
    for (const { element, children } of this.entries) children?.forEach(visit, [...prefix, element]);
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.entries.length !== other.entries.length) return false;
    return this.entries.every((a, i) => {
      const b = other.entries[i] as Entry;
      if (a.element.text !== b.element.text || a.member !== b.member) return false;
      return a.children === undefined || b.children === undefined ? a.children === b.children : a.children.equals(b.children);
    });
  }

  union(other: FieldSet): FieldSet {
    if (this === other || other.isEmpty) return this;
    if (this.isEmpty) return other;
    return this.#zip(other, (a, b) => {
      if (a === undefined || b === undefined) return a ?? b;
      const children = a.children === undefined ? b.children : b.children === undefined ? a.children : a.children.union(b.children);
      return entryOf(a, a.member || b.member, children);
    });
  }

  intersection(other: FieldSet): FieldSet {
    if (this === other || this.isEmpty) return this;
    if (other.isEmpty) return other;
    return this.#zip(other, (a, b) => {
      if (a === undefined || b === undefined) return undefined;
      return entryOf(a, a.member && b.member, b.children === undefined ? undefined : a.children?.intersection(b.children));
    });
  }

  /** What is here and not in `other`; a parent is not removed with its child, nor a child with its parent. */
  difference(other: FieldSet): FieldSet {
    if (this === other) return FieldSet.empty;
    if (this.isEmpty || other.isEmpty) return this;
    return this.#zip(other, (a, b) => {
      if (a === undefined || b === undefined) return a;
      return entryOf(a, a.member && !b.member, b.children === undefined ? a.children : a.children?.difference(b.children));
    });
  }

  /** As {@link difference}, but a path of `other` removes everything below it too. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (this.isEmpty || other.isEmpty) return this;
    return this.#zip(other, (a, b) => {
      if (a === undefined || b === undefined) return a;
      if (b.member) return undefined;
      return entryOf(a, a.member, b.children === undefined ? a.children : a.children?.recursiveDifference(b.children));
    });
  }

  #zip(other: FieldSet, join: (a: Entry | undefined, b: Entry | undefined) => Entry | undefined): FieldSet {
    const [mine, theirs] = [this.entries, other.entries];
    const result: Entry[] = [];
    let same = true;
    for (let i = 0, j = 0; i < mine.length || j < theirs.length; ) {
      const [a, b] = [mine[i], theirs[j]];
      const order = a === undefined ? 1 : b === undefined ? -1 : compareElements(a.element, b.element);
      const entry = join(order <= 0 ? a : undefined, order >= 0 ? b : undefined);
      if (order <= 0) {
        i++;
        if (entry !== a) same = false;
      } else if (entry !== undefined) same = false;
      if (order >= 0) j++;
      if (entry !== undefined) result.push(entry);
    }
    return same ? this : FieldSet.of(result);
  }
}

function entryOf(a: Entry, member: boolean, children: FieldSet | undefined): Entry | undefined {
  const below = children === undefined || children.isEmpty ? undefined : children;
  if (member === a.member && below === a.children) return a;
  return member || below !== undefined ? { element: a.element, member, children: below } : undefined;
}

interface Draft {
  readonly element: PathElement;
  member: boolean;
  below: FieldSetBuilder | undefined;
}

/** Collects paths in any order. */
export class FieldSetBuilder {
  readonly #drafts = new Map<string, Draft>();

  get isEmpty(): boolean {
    return this.#drafts.size === 0;
  }

  /** Adds a path, without its first `from` elements; the empty one, which is the whole object, is not tracked. */
  insert(path: readonly PathElement[], from = 0): void {
    const element = path[from];
    if (element === undefined) return;
    let draft = this.#drafts.get(element.text);
    if (draft === undefined) {
      draft = { element, member: false, below: undefined };
      this.#drafts.set(element.text, draft);
    }
    if (from === path.length - 1) draft.member = true;
    else {
      draft.below ??= new FieldSetBuilder();
      draft.below.insert(path, from + 1);
    }
  }

  build(): FieldSet {
    const entries: Entry[] = [];
    for (const { element, member, below } of this.#drafts.values()) entries.push({ element, member, children: below?.build() });
    return FieldSet.of(sortEntries(entries));
  }
}

/** Brings entries into the order of a set. */
export function sortEntries(entries: Entry[]): Entry[] {
  for (let i = 1; i < entries.length; i++) {
    if (compareElements((entries[i - 1] as Entry).element, (entries[i] as Entry).element) > 0) {
      return entries.sort((a, b) => compareElements(a.element, b.element));
    }
  }
  return entries;
}
