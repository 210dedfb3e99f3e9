/**
 * The state of a local store in memory: an ordered tree of live keys, the bounded history behind it, and the watches on
 * it. It knows nothing of durability: transactions are applied once they may be seen.
 */
import { type OrderedMap, orderedMap, prefixEnd } from "./ordered-map.ts";
import {
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  StoreError,
  type StoreEvent,
  type StoreWatch,
  type StoreWatcher,
} from "./store.ts";
import { WatchTable } from "./watch-table.ts";

/** What a transaction does to one key, decided and numbered. `value` absent: the key goes. */
export interface Change {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly expires: number;
}

/** Rough bytes that an entry of tree or history costs beside key and value. */
const overhead = 64;

export class VersionedMap {
  revision = 1;
  compactedRevision = 0;
  /** Bytes of live keys and values. */
  bytes = 0;
  /** Bytes that only the history holds. */
  historyBytes = 0;
  #tree = orderedMap<KeyValue>();
  /** Events in order of revision; those before `#first` are compacted. */
  #history: StoreEvent[] = [];
  #first = 0;
  readonly #watches = new WatchTable();

  get size(): number {
    return this.#tree.size;
  }

  get(key: string): KeyValue | undefined {
    return this.#tree.get(key);
  }

  /** A copy of the tree as of now, in constant time. */
  snapshot(): OrderedMap<KeyValue> {
    return this.#tree.clone();
  }

  /** Puts a live key back as a checkpoint has it. In ascending order of keys, before anything else. */
  load(entry: KeyValue): void {
    this.#tree.set(entry.key, entry);
    this.bytes += entry.key.length + entry.value.length;
  }

  range(prefix: string, options: RangeOptions = {}): RangeResult {
    const revision = options.revision || this.revision;
    if (revision > this.revision) throw new StoreError("future", `revision ${revision} is newer than ${this.revision}`);
    const tree = revision === this.revision ? this.#tree : this.#treeAt(revision, prefix);
    const limit = options.limit || Number.POSITIVE_INFINITY;
    const items: KeyValue[] = [];
    let more = false;
    const start = options.start !== undefined && options.start > prefix ? options.start : prefix;
    tree.forRange(start, prefixEnd(prefix), false, (_key, entry) => {
      if (items.length >= limit) {
        more = true;
        return { break: true };
      }
      items.push(entry);
      return undefined;
    });
    return { items, revision, more };
  }

  #treeAt(revision: number, prefix: string): OrderedMap<KeyValue> {
    if (revision < this.compactedRevision) throw this.#compacted(revision);
    const tree = this.#tree.clone();
    for (let i = this.#history.length - 1; i >= this.#first; i--) {
      const event = this.#history[i] as StoreEvent;
      if (event.revision <= revision) break;
      if (!event.key.startsWith(prefix)) continue;
      if (event.previous === undefined) tree.delete(event.key);
      else tree.set(event.key, event.previous);
    }
    return tree;
  }

  #compacted(revision: number): StoreError {
    return new StoreError("compacted", `revision ${revision} has been compacted, the oldest is ${this.compactedRevision}`, {
      revision: this.compactedRevision,
    });
  }

  /** Makes a transaction visible and tells the watches. `revision` is the one after the present. */
  apply(revision: number, changes: readonly Change[]): void {
    this.revision = revision;
    for (let i = 0; i < changes.length; i++) {
      const { key, value, expires } = changes[i] as Change;
      const previous = this.#tree.get(key);
      let current: KeyValue | undefined;
      if (value === undefined) this.#tree.delete(key);
      else {
        current = {
          key,
          value,
          createRevision: previous === undefined ? revision : previous.createRevision,
          modRevision: revision,
          expires,
        };
        this.#tree.set(key, current);
        this.bytes += key.length + value.length;
      }
      if (previous !== undefined) {
        this.bytes -= key.length + previous.value.length;
        this.historyBytes += previous.value.length;
      }
      this.historyBytes += overhead;
      const event: StoreEvent = { type: current === undefined ? "delete" : "put", key, revision, current, previous };
      this.#history.push(event);
      this.#watches.dispatch(event);
    }
  }

  /** Tells every watch that all up to the present revision has been delivered. */
  progress(): void {
    this.#watches.progress(this.revision);
  }

  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    if (fromRevision > 0 && fromRevision <= this.compactedRevision) throw this.#compacted(fromRevision);
    if (fromRevision > 0) {
      for (let i = this.#indexOf(fromRevision); i < this.#history.length; i++) {
        const event = this.#history[i] as StoreEvent;
        if (event.key.startsWith(prefix)) watcher.event(event);
      }
    }
    watcher.progress?.(this.revision);
    return this.#watches.add(prefix, watcher);
  }

  /** Position in the history of the first event at or after `revision`. */
  #indexOf(revision: number): number {
    let low = this.#first;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#history[middle] as StoreEvent).revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  compact(revision: number): void {
    if (revision <= this.compactedRevision) return;
    const end = this.#indexOf(revision + 1);
    for (let i = this.#first; i < end; i++) this.historyBytes -= overhead + ((this.#history[i] as StoreEvent).previous?.value.length ?? 0);
    this.#first = end;
    this.compactedRevision = revision;
    // The array is cut only when half of it is dead, so that compaction costs no more than the writes did.
    if (this.#first > 1024 && this.#first * 2 > this.#history.length) {
      this.#history = this.#history.slice(this.#first);
      this.#first = 0;
    }
    if (this.#first === this.#history.length) {
      this.#history = [];
      this.#first = 0;
    }
  }

  /** The smallest revision such that compacting to it brings the history below `bytes`. */
  revisionToFit(bytes: number): number {
    let left = this.historyBytes;
    let revision = this.compactedRevision;
    for (let i = this.#first; i < this.#history.length && left > bytes; i++) {
      const event = this.#history[i] as StoreEvent;
      left -= overhead + (event.previous?.value.length ?? 0);
      revision = event.revision;
    }
    return revision;
  }

  /** Ends every watch. */
  end(error: StoreError | undefined): void {
    this.#watches.end(error);
  }
}
