/** What is larger is not worth sharing, and would make the memory large. In characters, or in parts. */
export const largestShared = 512;

/**
 * A bounded memory of interned values: what was used since the last turn is kept, the rest is forgotten. Forgetting one only
 * costs sharing, so nothing depends on a value being found.
 */
export class Generations<K, V> {
  readonly #size: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
