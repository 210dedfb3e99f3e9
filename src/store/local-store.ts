/**
 * A store whose state lives in this process: the memory store, and the embedded store when a {@link Journal} makes its
 * transactions durable. Transactions are decided at once, against what is visible and what is on its way to the disk, and
 * become visible in order, when the journal has them: many wait for one sync (group commit).
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Journal, Transaction } from "./journal.ts";
import {
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type Store,
  StoreError,
  type StoreStats,
  type StoreWatch,
  type StoreWatcher,
  type Write,
  type WriteResult,
} from "./store.ts";
import { type Change, VersionedMap } from "./versioned-map.ts";

export interface LocalStoreOptions {
  readonly clock: Clock;
  /** How long the history reaches back, in ms: watches can resume so far. 300 000 by default; 0: never compacted by age. */
  readonly historyAge?: number | undefined;
  /** Bytes of old values the history may hold before it is cut short. 64 MiB by default. */
  readonly historyBytes?: number | undefined;
}

interface Pending {
  readonly transaction: Transaction;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What a key will be once all that is on its way has become visible. */
interface Staged {
  readonly revision: number;
  readonly current: KeyValue | undefined;
}

export class LocalStore implements Store {
  readonly #map: VersionedMap;
  readonly #journal: Journal | undefined;
  readonly #clock: Clock;
  readonly #historyAge: number;
  readonly #historyBytes: number;
  #pending: Pending[] = [];
  readonly #staged = new Map<string, Staged>();
  #nextRevision: number;
  #flushing: Promise<void> | undefined;
  #compacting = false;
  #failure: StoreError | undefined;
  readonly #closed: () => void;
  /** Keys by the second in which they expire. */
  readonly #expiries = new Map<number, Set<string>>();
  #expiryTimer: Timer | undefined;
  #expiryDue = Number.POSITIVE_INFINITY;
  #compactTimer: Timer | undefined;
  /** The revision as it was one history age ago. */
  #ageMark: number;

  constructor(options: LocalStoreOptions, journal?: Journal, map: VersionedMap = new VersionedMap(), closed: () => void = () => undefined) {
    this.#closed = closed;
    this.#map = map;
    this.#journal = journal;
    this.#clock = options.clock;
    this.#historyAge = options.historyAge ?? 300_000;
    this.#historyBytes = options.historyBytes ?? 64 * 1024 * 1024;
    this.#nextRevision = map.revision + 1;
    this.#ageMark = map.revision;
    for (const entry of map.snapshot().valuesArray()) if (entry.expires > 0) this.#expireAt(entry.expires, entry.key);
    if (this.#historyAge > 0) {
      this.#compactTimer = this.#clock.setInterval(() => {
        const mark = this.#ageMark;
        this.#ageMark = this.#map.revision;
        if (mark > this.#map.compactedRevision) this.#background(this.compact(mark));
      }, this.#historyAge);
    }
  }

  get revision(): number {
    return this.#map.revision;
  }

  get compactedRevision(): number {
    return this.#map.compactedRevision;
  }

  get(key: string): Promise<KeyValue | undefined> {
    return Promise.resolve(this.#map.get(key));
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.#map.range(prefix, options);
  }

  transact(writes: readonly Write[]): Promise<WriteResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    for (let i = 0; i < writes.length; i++) {
      const { key, expect } = writes[i] as Write;
      if (expect === undefined) continue;
      const current = this.#present(key);
      if ((current?.modRevision ?? 0) !== expect) return this.#refuse(i, key, current);
    }
    const revision = this.#nextRevision;
    const changes: Change[] = [];
    for (const write of writes) {
      if (write.type === "put") {
        const expires = write.ttl === undefined ? 0 : this.#clock.now() + write.ttl * 1000;
        changes.push({ key: write.key, value: write.value, expires });
      } else if (this.#present(write.key) !== undefined) changes.push({ key: write.key, value: undefined, expires: 0 });
    }
    if (changes.length === 0) return this.#settled().then(() => ({ ok: true, revision: this.#map.revision }));
    this.#nextRevision++;
    return this.#commit({ revision, changes });
  }

  /** The key's value with everything that is on its way. */
  #present(key: string): KeyValue | undefined {
    const staged = this.#staged.size === 0 ? undefined : this.#staged.get(key);
    return staged === undefined ? this.#map.get(key) : staged.current;
  }

  /** A refusal tells of a value that is visible and durable: it waits for the one it lost against. */
  async #refuse(index: number, key: string, current: KeyValue | undefined): Promise<WriteResult> {
    const staged = this.#staged.get(key);
    if (staged !== undefined) {
      await this.#settled();
      if (this.#map.revision < staged.revision) return { ok: false, index, current: this.#map.get(key) };
    }
    return { ok: false, index, current };
  }

  /** Resolves when everything that was on its way has been decided. */
  async #settled(): Promise<void> {
    while (this.#pending.length > 0 || this.#flushing !== undefined) await (this.#flushing ?? this.#flush());
  }

  #commit(transaction: Transaction): Promise<WriteResult> {
    if (this.#journal === undefined) {
      this.#publish(transaction);
      this.#map.progress();
      this.#bound();
      return Promise.resolve({ ok: true, revision: transaction.revision });
    }
    for (const { key, value, expires } of transaction.changes) {
      const { revision } = transaction;
      const createRevision = this.#present(key)?.createRevision ?? revision;
      this.#staged.set(key, { revision, current: value && { key, value, createRevision, modRevision: revision, expires } });
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ transaction, resolve, reject });
      // After this turn's requests: they share the first sync instead of waiting for the second.
      if (this.#flushing === undefined && this.#pending.length === 1) setImmediate(() => void this.#flush());
    });
  }

  #flush(): Promise<void> {
    if (this.#flushing !== undefined) return this.#flushing;
    if (this.#pending.length === 0) return Promise.resolve();
    const batch = this.#pending;
    this.#pending = [];
    this.#flushing = (this.#journal as Journal).append(batch.map((p) => p.transaction)).then(
      () => this.#flushed(batch),
      (error: unknown) => this.#failed(batch, error),
    );
    return this.#flushing;
  }

  #flushed(batch: readonly Pending[]): void {
    this.#flushing = undefined;
    const journal = this.#journal as Journal;
    // The next sync runs while the results of this one are delivered; a checkpoint wants the two in step.
    if (this.#pending.length > 0 && !journal.wantsCheckpoint) void this.#flush();
    for (const { transaction } of batch) {
      this.#publish(transaction);
      for (const { key } of transaction.changes) {
        if (this.#staged.get(key)?.revision === transaction.revision) this.#staged.delete(key);
      }
    }
    if (this.#flushing === undefined && journal.wantsCheckpoint) {
      journal.checkpoint(this.#map.revision, this.#map.compactedRevision, this.#map.snapshot());
    }
    if (this.#pending.length > 0) void this.#flush();
    this.#map.progress();
    for (const { transaction, resolve } of batch) resolve({ ok: true, revision: transaction.revision });
    this.#bound();
  }

  /** What was decided on top of a lost transaction is lost with it: everything on its way is refused. */
  #failed(batch: readonly Pending[], error: unknown): void {
    this.#flushing = undefined;
    const failure = error instanceof StoreError ? error : new StoreError("io", "writing to the store failed", { cause: error });
    const lost = [...batch, ...this.#pending];
    this.#pending = [];
    this.#staged.clear();
    this.#nextRevision = this.#map.revision + 1;
    if (failure.code !== "disk-full") this.#failure = failure;
    for (const { reject } of lost) reject(failure);
  }

  #publish(transaction: Transaction): void {
    if (transaction.compact !== undefined) {
      this.#map.compact(transaction.compact);
      return;
    }
    this.#map.apply(transaction.revision, transaction.changes);
    for (const { key, expires } of transaction.changes) if (expires > 0) this.#expireAt(expires, key);
  }

  #bound(): void {
    if (this.#map.historyBytes <= this.#historyBytes || this.#compacting) return;
    this.#compacting = true;
    this.#background(this.compact(this.#map.revisionToFit(this.#historyBytes / 2)).finally(() => (this.#compacting = false)));
  }

  #background(work: Promise<unknown>): void {
    work.catch(() => undefined /* the failure is kept and answers the next write */);
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#map.revision) throw new StoreError("future", `revision ${revision} is newer than ${this.#map.revision}`);
    if (revision <= this.#map.compactedRevision) return;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#journal === undefined) this.#map.compact(revision);
    else {
      await this.#commit({ revision: 0, changes: [], compact: revision });
      this.#journal.compacted(revision);
    }
  }

  /** Filed by whole seconds: an hour of events is 3,600 sets. */
  #expireAt(expires: number, key: string): void {
    const time = Math.ceil(expires / 1000) * 1000;
    const set = this.#expiries.get(time);
    if (set === undefined) this.#expiries.set(time, new Set([key]));
    else set.add(key);
    if (time < this.#expiryDue) this.#armExpiry(time);
  }

  #armExpiry(time: number): void {
    this.#expiryTimer?.cancel();
    this.#expiryDue = time;
    // At most one sweep a second: thousands of events expire together.
    const delay = Math.max(time - this.#clock.now(), 1000);
    this.#expiryTimer = this.#clock.setTimeout(() => this.#expire(), delay);
  }

  #expire(): void {
    this.#expiryDue = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [time, keys] of this.#expiries) {
      if (time > now) {
        next = Math.min(next, time);
        continue;
      }
      this.#expiries.delete(time);
      for (const key of keys) {
        const entry = this.#present(key);
        // Written again meanwhile, with another life span or none: that entry has its own place here.
        if (entry === undefined || entry.expires === 0 || entry.expires > now) continue;
        this.#background(
          this.transact([{ type: "delete", key, expect: entry.modRevision }]).catch((error: unknown) => {
            // A disk that is full has room again some day.
            if (error instanceof StoreError && error.code === "disk-full") this.#expireAt(this.#clock.now() + 10_000, key);
            throw error;
          }),
        );
      }
    }
    if (next < this.#expiryDue) this.#armExpiry(next);
  }

  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    if (this.#failure?.code === "closed") throw this.#failure;
    return this.#map.watch(prefix, fromRevision, watcher);
  }

  async *snapshot(): AsyncIterable<Uint8Array> {
    const { snapshotChunks } = await import("./log-format.ts");
    yield* snapshotChunks(this.#map.revision, this.#map.revision, this.#map.snapshot());
  }

  stats(): StoreStats {
    return { keys: this.#map.size, bytes: this.#map.bytes, diskBytes: this.#journal?.diskBytes ?? 0 };
  }

  async close(): Promise<void> {
    if (this.#failure?.code === "closed") return;
    const closed = new StoreError("closed", "the store is closed");
    this.#failure ??= closed;
    this.#expiryTimer?.cancel();
    this.#compactTimer?.cancel();
    await this.#settled();
    this.#failure = closed;
    this.#map.end(undefined);
    await this.#journal?.close();
    this.#closed();
  }
}
