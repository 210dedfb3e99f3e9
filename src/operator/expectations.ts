/**
 * What a controller has asked the server for and not yet seen in its cache. Between the two it must not act again, else it
 * creates or deletes twice. Deletions are told apart by UID, since one is seen twice: when it begins (deletionTimestamp)
 * and when it ends. The semantics are those of upstream's UIDTrackingControllerExpectations.
 */
import type { Clock } from "../core/clock.ts";

/** Expectations are given up after this: an event may have been lost to a fault of our own. */
export const expectationsTimeout = 300_000;

interface Expected {
  creations: number;
  deletions: number;
  readonly uids: Set<string>;
  readonly since: number;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the controller of `key` may act: everything was seen, was never expected, or has taken too long. */
  satisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (expected === undefined) return true;
    if (expected.creations <= 0 && expected.deletions <= 0) return true;
    return this.#clock.monotonic() - expected.since > expectationsTimeout;
  }

  /** Replaces what was expected for `key`. */
  expectCreations(key: string, count: number): void {
    this.#expected.set(key, { creations: count, deletions: 0, uids: new Set(), since: this.#clock.monotonic() });
  }

  /** Replaces what was expected for `key`. */
  expectDeletions(key: string, uids: Iterable<string>): void {
    const set = new Set(uids);
    this.#expected.set(key, { creations: 0, deletions: set.size, uids: set, since: this.#clock.monotonic() });
  }

  /** One creation was seen, or failed. */
  creationObserved(key: string): void {
    const expected = this.#expected.get(key);
    if (expected !== undefined) expected.creations--;
  }

  /** The deletion of `uid` was seen or failed. Counts once for each UID that was expected. */
  deletionObserved(key: string, uid: string): void {
    const expected = this.#expected.get(key);
    if (expected?.uids.delete(uid)) expected.deletions--;
  }

  /** The owner is gone. */
  forget(key: string): void {
    this.#expected.delete(key);
  }

  /** `[creations, deletions]` that are still awaited. */
  pending(key: string): [number, number] {
    const expected = this.#expected.get(key);
    return expected === undefined ? [0, 0] : [expected.creations, expected.deletions];
  }
}
