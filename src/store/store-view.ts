/** A store seen through something: what a view does not do in its own way, the store below does. */
import type { KeyValue, RangeOptions, RangeResult, Store, StoreStats, StoreWatch, StoreWatcher, Write, WriteResult } from "./store.ts";

/** What a store may have or not, and a view may have where the store below has not. */
export type OwnAnswers = Partial<Pick<Store, "newestRevision" | "currentSeal">>;

export abstract class StoreView implements Store {
  protected readonly below: Store;
  readonly newestRevision?: () => Promise<number>;
  /** Without one of its own, what the store below says: a view over a sealed store knows stale seals too. */
  readonly currentSeal?: () => string;

  constructor(below: Store, own: OwnAnswers = {}) {
    this.below = below;
    const newestRevision = own.newestRevision ?? below.newestRevision?.bind(below);
    if (newestRevision !== undefined) this.newestRevision = newestRevision;
    const currentSeal = own.currentSeal ?? below.currentSeal?.bind(below);
    if (currentSeal !== undefined) this.currentSeal = currentSeal;
  }

  get readsLater(): boolean | undefined {
    return this.below.readsLater;
  }

  get revision(): number {
    return this.below.revision;
  }

  get compactedRevision(): number {
    return this.below.compactedRevision;
  }

  get(key: string): Promise<KeyValue | undefined> {
    return this.below.get(key);
  }

  range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.below.range(prefix, options);
  }

  transact(writes: readonly Write[]): Promise<WriteResult> {
    return this.below.transact(writes);
  }

  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    return this.below.watch(prefix, fromRevision, watcher);
  }

  compact(revision: number): Promise<void> {
    return this.below.compact(revision);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return this.below.snapshot();
  }

  stats(): StoreStats {
    return this.below.stats();
  }

  /** The store below belongs to somebody else. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
