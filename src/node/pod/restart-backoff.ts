/**
 * Back-off of restarts and of image pulls: the delay doubles from 10 s to 5 min, and is forgotten when nothing has
 * happened for twice the longest delay.
 */
import type { Clock } from "../../core/clock.ts";

export interface RestartBackoffOptions {
  /** Milliseconds. */
  initial: number;
  max: number;
}

interface Entry {
  delay: number;
  updated: number;
}

export class RestartBackoff {
  readonly #clock: Clock;
  readonly #options: RestartBackoffOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, options: RestartBackoffOptions = { initial: 10_000, max: 300_000 }) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The present delay of `key`, 0 when there is none. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** When `key` may be tried again after what happened at `since`; undefined when it may now. */
  retryAt(key: string, since: number): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(entry, since)) return undefined;
    const at = since + entry.delay;
    return this.#clock.now() < at ? at : undefined;
  }

  /** As {@link retryAt}, from the last {@link next}. */
  retryAtSinceUpdate(key: string): number | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : this.retryAt(key, entry.updated);
  }

  /** Counts an attempt that follows what happened at `since`. */
  next(key: string, since: number): void {
    const entry = this.#entries.get(key);
    const fresh = entry === undefined || this.#expired(entry, since);
    const delay = fresh ? this.#options.initial : Math.min(entry.delay * 2, this.#options.max);
    this.#entries.set(key, { delay, updated: this.#clock.now() });
  }

  #expired(entry: Entry, since: number): boolean {
    return since - entry.updated > 2 * this.#options.max;
  }

  /** Forgets every key with this prefix. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
