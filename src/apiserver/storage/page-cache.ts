/** Encoded lists that are asked for again and again while nothing changes: a few, and only for as long as they are good. */
const keptPages = 16;
const keptBytes = 32 * 1024 * 1024;

export class PageCache {
  #changes = -1;
  #bytes = 0;
  readonly #pages = new Map<string, Buffer>();
  /** Pages that have been asked for once: only the second time makes one worth keeping. */
  readonly #asked = new Set<string>();

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

  /** Forgets every page. */
  clear(): void {
    this.#clear(-1);
  }

  #clear(changes: number): void {
    this.#changes = changes;
    this.#bytes = 0;
    this.#pages.clear();
    this.#asked.clear();
  }
}
