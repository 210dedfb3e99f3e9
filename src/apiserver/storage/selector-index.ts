/**
 * Which objects have a value of a label or a field: lists that ask for one value find them without looking at all. An index is made when
 * somebody asks first among many objects, a slice at a time, and kept with every change from then on.
 */
import type { OrderedMap } from "../../store/ordered-map.ts";
import type { Entry } from "./entry.ts";
import type { IndexTerm } from "./index-term.ts";
import type { Selection } from "./selection.ts";

/** What an index needs to know of its cache. */
export interface Indexed {
  readonly tree: OrderedMap<Entry>;
  /** How many objects there are in a namespace; empty: in all. */
  count(namespace: string): number;
}

export interface Found {
  /** Of all objects that can match, in order. */
  readonly keys: readonly string[];
  /** All of them do match. */
  readonly exact: boolean;
}

/** Fewer objects are looked at one by one. */
const fewest = 500;
const mostIndexes = 12;
/** Objects that are looked at before others have their turn. */
const slice = 250;

class Index {
  readonly #term: Omit<IndexTerm, "values">;
  readonly #valueByKey = new Map<string, string>();
  readonly #keysByValue = new Map<string, Set<string>>();
  ready: Promise<void> | undefined;
  lastUse = 0;

  constructor({ kind, name, source }: IndexTerm) {
    this.#term = { kind, name, source };
  }

  answers({ kind, name, source }: IndexTerm): boolean {
    const own = this.#term;
    return own.kind === kind && own.name === name && (kind === "label" || own.source === source);
  }

  #valueOf(entry: Entry): string | undefined {
    const { kind, name, source } = this.#term;
    return kind === "field" ? entry.field(source, name) : entry.labels()?.[name];
  }

  put(entry: Entry): void {
    const value = this.#valueOf(entry);
    const before = this.#valueByKey.get(entry.key);
    if (value === before) return;
    if (before !== undefined) this.#drop(entry.key, before);
    if (value === undefined) return;
    this.#valueByKey.set(entry.key, value);
    const keys = this.#keysByValue.get(value);
    if (keys === undefined) this.#keysByValue.set(value, new Set([entry.key]));
    else keys.add(entry.key);
  }

  remove(key: string): void {
    const before = this.#valueByKey.get(key);
    if (before !== undefined) this.#drop(key, before);
  }

  #drop(key: string, value: string): void {
    this.#valueByKey.delete(key);
    const keys = this.#keysByValue.get(value);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysByValue.delete(value);
  }

  size(values: readonly string[]): number {
    return values.reduce((sum, value) => sum + (this.#keysByValue.get(value)?.size ?? 0), 0);
  }

  keys(values: readonly string[]): string[] {
    return values.flatMap((value) => [...(this.#keysByValue.get(value) ?? [])]);
  }

  /** Takes in what was there before it. What changes meanwhile is put by the cache. */
  async build(cache: Indexed): Promise<void> {
    const entries = cache.tree.clone().valuesArray();
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (cache.tree.get(entry.key) === entry) this.#attempt(entry);
      if (i % slice === slice - 1) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** An object that cannot be read is in no index: whoever lists all of them is told. */
  #attempt(entry: Entry): void {
    try {
      this.put(entry);
    } catch {
      this.remove(entry.key);
    }
  }
}

export class SelectorIndexes {
  readonly #cache: Indexed;
  #indexes: Index[] = [];
  #uses = 0;

  constructor(cache: Indexed) {
    this.#cache = cache;
  }

  put(entry: Entry): void {
    for (const index of this.#indexes) index.put(entry);
  }

  remove(key: string): void {
    for (const index of this.#indexes) index.remove(key);
  }

  clear(): void {
    this.#indexes = [];
  }

  /** Undefined when a selection can be answered as well as can be; else resolves when its index is made. */
  prepare(selection: Selection): Promise<void> | undefined {
    if (selection.everything || this.#cache.count(selection.namespace) < fewest) return undefined;
    const { terms } = selection;
    const [first] = terms;
    if (first === undefined) return undefined;
    let index = this.#indexes.find((one) => terms.some((term) => one.answers(term)));
    if (index === undefined) {
      index = new Index(first);
      if (this.#indexes.length >= mostIndexes) {
        const oldest = this.#indexes.reduce((a, b) => (a.lastUse < b.lastUse ? a : b));
        this.#indexes.splice(this.#indexes.indexOf(oldest), 1);
      }
      this.#indexes.push(index);
      const made = index;
      made.ready = made.build(this.#cache).then(() => void (made.ready = undefined));
    }
    index.lastUse = ++this.#uses;
    return index.ready;
  }

  /** Undefined when one had better look at all objects. */
  find(selection: Selection): Found | undefined {
    if (selection.everything || this.#indexes.length === 0) return undefined;
    let best: { index: Index; term: IndexTerm; size: number } | undefined;
    for (const term of selection.terms) {
      const index = this.#indexes.find((one) => one.ready === undefined && one.answers(term));
      if (index === undefined) continue;
      const size = index.size(term.values);
      if (best === undefined || size < best.size) best = { index, term, size };
    }
    // Sorting a great part of all is no better than looking at all of them.
    if (best === undefined || best.size > this.#cache.count(selection.namespace) / 4) return undefined;
    const keys = best.index.keys(best.term.values);
    const { prefix } = selection;
    return { keys: (prefix === "" ? keys : keys.filter((key) => key.startsWith(prefix))).sort(), exact: selection.size === 1 };
  }
}
