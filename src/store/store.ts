/**
 * A versioned byte store: keys are strings in byte order, values are bytes, and every transaction that changes something
 * counts one revision up, as etcd's does. Everything above it (API server, watch cache) is written against this face;
 * `contract.ts` is what every implementation must pass.
 */

export interface KeyValue {
  readonly key: string;
  /** Never changed by either side after it was handed over. */
  readonly value: Uint8Array;
  /** The revision at which the key came to be. */
  readonly createRevision: number;
  /** The revision of this value. */
  readonly modRevision: number;
  /** Milliseconds since the epoch at which the store removes the key; 0: never, or a remote store knows. */
  readonly expires: number;
  /** Where values are sealed: by what this one was. See {@link Store.currentSeal}. */
  readonly seal?: string | undefined;
  /** The value could not be opened, and is as it was stored: why. */
  readonly unreadable?: string | undefined;
}

export interface RangeOptions {
  /** The first key wanted, itself included; the prefix when absent. */
  readonly start?: string | undefined;
  /** No limit when absent or 0. */
  readonly limit?: number | undefined;
  /** Read as of this revision; the present when absent or 0. */
  readonly revision?: number | undefined;
}

export interface RangeResult {
  readonly items: readonly KeyValue[];
  /** The revision that was read. */
  readonly revision: number;
  /** Whether the limit cut something off. */
  readonly more: boolean;
}

/** One write, done only if the key's present modRevision is `expect` (0: the key must not exist; absent: whatever it is). */
export type Write =
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly expect?: number | undefined;
      /** Seconds until the store removes the key by itself. Absent: never. A put without it ends an earlier one. */
      readonly ttl?: number | undefined;
    }
  | { readonly type: "delete"; readonly key: string; readonly expect?: number | undefined };

export type WriteResult =
  /** `revision` is the transaction's, or the present one when nothing had to change (deletes of keys that are not there). */
  | { readonly ok: true; readonly revision: number }
  /** Nothing was done: `current` is what the write at `index`, the first whose expectation failed, found. */
  | { readonly ok: false; readonly index: number; readonly current: KeyValue | undefined };

export interface StoreEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly revision: number;
  /** The new value; absent for `delete`. */
  readonly current: KeyValue | undefined;
  /** What was there before. A remote store may not know it any more after a compaction. */
  readonly previous: KeyValue | undefined;
}

export interface StoreWatcher {
  /** The next change under the prefix, in order. Must not throw and must not write synchronously. */
  event(event: StoreEvent): void;
  /**
   * Every event up to this revision has been delivered, whether or not any was under the prefix. Embedded stores call it
   * after each commit, remote ones from time to time.
   */
  progress?(revision: number): void;
  /** The watch is over without its owner's doing: the store was closed, or failed (compacted, connection gone for good). */
  end(error: StoreError | undefined): void;
}

export interface StoreWatch {
  close(): void;
}

export interface Store {
  /** The newest revision that is durable and readable here. 1 when new. */
  readonly revision: number;
  /** Reads as of a revision below this, and watches from one at or below it, are refused with `compacted`. */
  readonly compactedRevision: number;
  /** Where values are sealed: by what they are now. Values with another seal should be written anew. */
  currentSeal?(): string;
  /** Values may take time to be opened: even past events may come only after {@link watch} has returned. */
  readonly readsLater?: boolean | undefined;
  /** Remote stores: the newest revision anywhere, asked of a quorum; watches are on their way to it. Absent: {@link revision} is that. */
  newestRevision?(): Promise<number>;
  get(key: string): Promise<KeyValue | undefined>;
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /** All of the writes at one revision, or none. Resolves when durable, after local watchers saw it. */
  transact(writes: readonly Write[]): Promise<WriteResult>;
  /**
   * Every change of a key under `prefix` from `fromRevision` (included) on; 0: from now on. Earlier events are delivered
   * before it returns. Throws StoreError `compacted`.
   */
  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch;
  /** Forgets the history up to `revision`: the values as of `revision` can still be read, those before cannot. */
  compact(revision: number): Promise<void>;
  /** A consistent copy of everything as of now, for `restoreStore`. */
  snapshot(): AsyncIterable<Uint8Array>;
  /** What it holds; a remote store tells what it was last told. */
  stats(): StoreStats;
  /** Remote stores: the server is about to stop, and is not to be held up by a store that does not answer. */
  stopping?(): void;
  /** Waits for pending writes, ends watches. */
  close(): Promise<void>;
}

export interface StoreStats {
  readonly keys: number;
  /** Bytes of the live keys and values. */
  readonly bytes: number;
  /** Bytes on disk; 0 for memory. */
  readonly diskBytes: number;
}

export type StoreErrorCode =
  /** The revision asked for has been compacted. */
  | "compacted"
  /** The revision asked for lies in the future. */
  | "future"
  /** The data directory is used by another process. */
  | "in-use"
  /** The data cannot be read: checksum or structure is wrong. */
  | "damaged"
  /** The data was written by a newer version of the program. */
  | "newer"
  /** The disk is full: nothing of the transaction was kept, earlier data is safe, later writes may succeed. */
  | "disk-full"
  /** Writing failed otherwise (I/O error): the store refuses writes until it is opened anew. */
  | "io"
  /** A remote store refused, or could not be reached in time: the message is its own. A write may have been done all the same. */
  | "remote"
  | "closed";

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** For `compacted`: the compacted revision. */
  readonly revision: number;

  constructor(code: StoreErrorCode, message: string, options: { revision?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StoreError";
    this.code = code;
    this.revision = options.revision ?? 0;
  }
}
