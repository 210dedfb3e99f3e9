import type { Clock } from "../../core/clock.ts";

/** How long an average counts. */
const keptMs = 30_000;
/** Objects that are looked at for it. */
const sample = 100;

/** A cache of stored objects in order. */
export interface SizedCache<T> {
  readonly tree: T;
  scan(tree: T, prefix: string, start: string, visit: (entry: { readonly value: Uint8Array }) => boolean): void;
}

/** The average size of stored objects, from a few of them, not asked more often than needed. */
export class ObjectSizes {
  readonly #clock: Clock;
  readonly #averages = new WeakMap<object, { readonly at: number; readonly bytes: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes. */
  of<T>(cache: SizedCache<T>): number {
    const now = this.#clock.monotonic();
    const known = this.#averages.get(cache);
    if (known !== undefined && now - known.at < keptMs) return known.bytes;
    const bytes = average(cache);
    this.#averages.set(cache, { at: now, bytes });
    return bytes;
  }
}

function average<T>(cache: SizedCache<T>): number {
  let bytes = 0;
  let count = 0;
  cache.scan(cache.tree, "", "", ({ value }) => {
    bytes += value.length;
    return ++count === sample;
  });
  return count === 0 ? 0 : bytes / count;
}
