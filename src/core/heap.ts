/**
 * A binary heap whose items are found again by key: adding a known key moves it, any key can be taken out. All in
 * O(log n). Ties come out in no order: put one into `before` where it matters.
 */
export class KeyedHeap<K, V> {
  readonly #keyOf: (item: V) => K;
  readonly #before: (a: V, b: V) => boolean;
  readonly #items: V[] = [];
  readonly #at = new Map<K, number>();

  /** `before(a, b)`: a leaves the heap ahead of b. */
  constructor(keyOf: (item: V) => K, before: (a: V, b: V) => boolean) {
    this.#keyOf = keyOf;
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  has(key: K): boolean {
    return this.#at.has(key);
  }

  get(key: K): V | undefined {
    const at = this.#at.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  /** Adds `item`, or replaces the item with its key. */
  set(item: V): void {
    const key = this.#keyOf(item);
    const at = this.#at.get(key);
    if (at === undefined) {
      this.#items.push(item);
      this.#at.set(key, this.#items.length - 1);
      this.#up(this.#items.length - 1);
      return;
    }
    this.#items[at] = item;
    if (!this.#up(at)) this.#down(at);
  }

  peek(): V | undefined {
    return this.#items[0];
  }

  pop(): V | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.#removeAt(0);
    return first;
  }

  delete(key: K): V | undefined {
    const at = this.#at.get(key);
    if (at === undefined) return undefined;
    const item = this.#items[at];
    this.#removeAt(at);
    return item;
  }

  clear(): void {
    this.#items.length = 0;
    this.#at.clear();
  }

  /** The items in the heap's own order, not sorted. */
  values(): IterableIterator<V> {
    return this.#items.values();
  }

  #removeAt(at: number): void {
    const gone = this.#items[at] as V;
    const last = this.#items.pop() as V;
    this.#at.delete(this.#keyOf(gone));
    if (at === this.#items.length) return;
    this.#put(at, last);
    if (!this.#up(at)) this.#down(at);
  }

  #put(at: number, item: V): void {
    this.#items[at] = item;
    this.#at.set(this.#keyOf(item), at);
  }

  #up(from: number): boolean {
    const item = this.#items[from] as V;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#items[parent] as V;
      if (!this.#before(item, above)) break;
      this.#put(at, above);
      at = parent;
    }
    if (at !== from) this.#put(at, item);
    return at !== from;
  }

  #down(from: number): void {
    const item = this.#items[from] as V;
    const size = this.#items.length;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#before(this.#items[child + 1] as V, this.#items[child] as V)) child++;
      const below = this.#items[child] as V;
      if (!this.#before(below, item)) break;
      this.#put(at, below);
      at = child;
    }
    if (at !== from) this.#put(at, item);
  }
}
