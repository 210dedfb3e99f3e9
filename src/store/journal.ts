/** What makes a local store durable. */
import type { OrderedMap } from "./ordered-map.ts";
import type { KeyValue } from "./store.ts";
import type { Change } from "./versioned-map.ts";

export interface Transaction {
  readonly revision: number;
  readonly changes: readonly Change[];
  /** Present: the transaction forgets the history up to this revision and changes nothing else. */
  readonly compact?: number | undefined;
}

/** Makes transactions durable, in order. One append runs at a time. */
export interface Journal {
  /** Resolves when all of them are on the disk. Rejects with a StoreError when none of them is. */
  append(transactions: readonly Transaction[]): Promise<void>;
  /** Called after a compaction became durable. */
  compacted(revision: number): void;
  /** Every live key as of `revision`, which is the newest the journal has got. Runs beside later appends. */
  checkpoint(revision: number, compactedRevision: number, entries: OrderedMap<KeyValue>): void;
  readonly wantsCheckpoint: boolean;
  readonly diskBytes: number;
  close(): Promise<void>;
}
