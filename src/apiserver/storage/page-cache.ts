import type { Entry } from "./entry.ts";

/** Encoded lists that are asked for again and again while nothing changes: a few, and only for as long as they are good. */
const keptPages = 16;
const keptBytes = 32 * 1024 * 1024;

/** Longer pages are looked up anew: their entries would be many to hold. */
const keptEntries = 5_000;

/** The objects of a page, in order, and whether there are more after them. */
export interface PageEntries {
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

export class PageCache {
  #changes = -1;
  #bytes = 0;
  readonly #pages = new Map<string, Buffer>();
  /** Pages that have been asked for once: only the second time makes one worth keeping. */
  readonly #asked = new Set<string>();
  /** Undefined: asked for once. */
  readonly #entries = new Map<string, PageEntries | undefined>();

  /** `changes` tells the state the page is of. */
  get(key: string, changes: number, make: () => Buffer): Buffer {
    if (changes !== this.#changes) this.#clear(changes);
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (!this.#asked.has(key)) {
      if (this.#asked.size < 256) this.#asked.add(key);
    } else if (this.#pages.size < keptPages && this.#bytes + made.length <= keptBytes) {
      this.#pages.set(key, made);
      this.#bytes += made.length;
    }
    return made;
  }

  /** Which objects a page has: kept as its bytes are. */
  entries(key: string, changes: number, find: () => PageEntries): PageEntries {
    if (changes !== this.#changes) this.#clear(changes);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const found = find();
    if (!this.#entries.has(key)) {
      if (this.#entries.size < keptPages) this.#entries.set(key, undefined);
    } else if (found.entries.length <= keptEntries) this.#entries.set(key, found);
    return found;
  }

  /** Forgets every page. */
  clear(): void {
    this.#clear(-1);
  }

  #clear(changes: number): void {
    this.#changes = changes;
    this.#bytes = 0;
    this.#pages.clear();
    this.#entries.clear();
    this.#asked.clear();
  }
}
