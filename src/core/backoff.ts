/** How long to wait before trying again: per key, for a whole bucket, and with jitter for one loop. All in milliseconds. */
import type { Clock } from "./clock.ts";

/** Says when a failed key may come back. */
export interface RetryLimiter<K> {
  /** Counts a failure of `key` and gives its delay. */
  when(key: K): number;
  /** The key is well again: its count starts anew. */
  forget(key: K): void;
  retries(key: K): number;
}

/** `base · 2^failures`, at most `max`, for each key on its own. */
export class ExponentialLimiter<K> implements RetryLimiter<K> {
  readonly #base: number;
  readonly #max: number;
  readonly #failures = new Map<K, number>();

  constructor(base: number, max: number) {
    this.#base = base;
    this.#max = max;
  }

  when(key: K): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#max, this.#base * 2 ** failures);
  }

  forget(key: K): void {
    this.#failures.delete(key);
  }

  retries(key: K): number {
    return this.#failures.get(key) ?? 0;
  }
}

/** `perSecond` tokens flow in, up to `burst`. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #last: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#last = clock.monotonic();
  }

  /** Takes a token if there is one. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes a token in advance and says how long until it is there. */
  reserve(): number {
    this.#refill();
    this.#tokens--;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#last) / 1000) * this.#perSecond);
    this.#last = now;
  }
}

/** client-go's default for controllers: 5 ms to 1,000 s for a key, and 10 a second with a burst of 100 over all keys. */
export function defaultRetryLimiter<K>(clock: Clock): RetryLimiter<K> {
  const each = new ExponentialLimiter<K>(5, 1_000_000);
  const all = new TokenBucket(clock, 10, 100);
  return {
    when: (key) => Math.max(each.when(key), all.reserve()),
    forget: (key) => each.forget(key),
    retries: (key) => each.retries(key),
  };
}

export interface BackoffOptions {
  /** The first delay. */
  base: number;
  /** The longest one, before jitter. */
  max: number;
  /** Growth from one delay to the next; 2 when absent. */
  factor?: number;
  /** A random part of the delay, up to this share, is added; 0 when absent. */
  jitter?: number;
  /** Quiet for so long: the next delay is the first one again. Never when absent. */
  resetAfter?: number;
}

/** Delays of one loop that tries again and again. */
export class Backoff {
  readonly #clock: Clock;
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #steps = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, options: BackoffOptions, random: () => number = Math.random) {
    this.#clock = clock;
    this.#options = options;
    this.#random = random;
  }

  next(): number {
    const { base, max, factor = 2, jitter = 0, resetAfter } = this.#options;
    const now = this.#clock.monotonic();
    if (resetAfter !== undefined && now - this.#last > resetAfter) this.#steps = 0;
    this.#last = now;
    const delay = Math.min(max, base * factor ** this.#steps);
    if (delay < max) this.#steps++;
    return delay * (1 + jitter * this.#random());
  }

  reset(): void {
    this.#steps = 0;
  }
}
