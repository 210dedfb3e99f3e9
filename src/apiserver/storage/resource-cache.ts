/**
 * Every object under one storage prefix, in order, with the bounded history of their changes: what lists and watches are
 * answered from. It is fed by the store's watch. With a store of this process a write has passed through here before it
 * is answered, so that whoever writes reads the own write; with a remote one {@link ResourceCache.waitFor} waits for it.
 */
import type { Clock } from "../../core/clock.ts";
import { expired, internalError, timeout } from "../../core/api-error.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { type OrderedMap, orderedMap, prefixEnd } from "../../store/ordered-map.ts";
import type { Store, StoreEvent, StoreWatch } from "../../store/store.ts";
import { type Decode, encodeStored, Entry } from "./entry.ts";
import { SelectorIndexes } from "./selector-index.ts";
import { Warmth } from "./warmth.ts";

export interface CacheEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  /** The object after the change; for DELETED as it was last, under the revision of the deletion. */
  readonly entry: Entry;
  readonly previous: Entry | undefined;
}

/** Follows a cache from its present revision on. */
export interface CacheFollower {
  /** What one commit changed; never empty. */
  changed(events: readonly CacheEvent[]): void;
  /** The cache is gone: the resource is not served any more, or the server stops. */
  closed(): void;
}

/** How many trees of older revisions are kept for lists that continue. */
const keptTrees = 8;

export class ResourceCache {
  readonly indexes: SelectorIndexes = new SelectorIndexes(this);
  /** `/registry/pods/` */
  readonly prefix: string;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #decode: Decode;
  readonly #warmth: Warmth;
  #tree: OrderedMap<Entry> = orderedMap<Entry>();
  readonly #counts = new Map<string, number>();
  #revision = 0;
  /** Counted up with every change of an object: what is derived from the whole cache is good while it stays the same. */
  changes = 0;
  #history: CacheEvent[] = [];
  #first = 0;
  /** Events up to this revision have been forgotten or were never seen. */
  #oldest = 0;
  #batch: CacheEvent[] = [];
  readonly #followers = new Set<CacheFollower>();
  #watch: StoreWatch | undefined;
  #loading: Promise<void> | undefined;
  #closed = false;
  #waiting: { revision: number; resolve: () => void }[] = [];
  readonly #trees = new Map<number, OrderedMap<Entry>>();
  /** Objects that are being written, by the bytes handed to the store: saves parsing them again. */
  readonly #written = new WeakMap<Uint8Array, UnstructuredObject>();
  /** What objects that are being deleted are to look like in the end, by key. */
  readonly #removing = new Map<string, UnstructuredObject>();

  constructor(store: Store, clock: Clock, storagePrefix: string, decode: Decode, warmth: Warmth = new Warmth()) {
    this.#warmth = warmth;
    this.#store = store;
    this.#clock = clock;
    this.prefix = `${storagePrefix}/`;
    this.#decode = decode;
  }

  /** Undefined when the cache is filled; else resolves when it is. */
  ready(): Promise<void> | undefined {
    return this.#watch === undefined ? (this.#loading ??= this.#load()) : undefined;
  }

  async #load(): Promise<void> {
    const { items, revision } = await this.#store.range(this.prefix).catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    if (this.#closed) return;
    this.#forgetAll();
    for (const kv of items) this.#put(this.#entryOf(kv) as Entry);
    this.#revision = revision;
    this.#oldest = revision;
    this.changes++;
    // The range is the state; the history before it is read again so that watches resume across a restart.
    const resumable = this.#store.compactedRevision;
    this.#watch = this.#store.watch(this.prefix, revision + 1, {
      event: (event) => this.#event(event),
      progress: (to) => this.#progress(to),
      end: () => this.#ended(),
    });
    // A remote store would be asked over the wire: after a restart watches that began before it begin anew, as upstream's.
    const { newestRevision, readsLater } = this.#store;
    if (resumable < revision && newestRevision === undefined && readsLater !== true) this.#loadHistory(resumable, revision);
    this.#loading = undefined;
  }

  /** Before everything is read again: what was known is known no more. */
  #forgetAll(): void {
    this.#tree = orderedMap<Entry>();
    this.#counts.clear();
    this.indexes.clear();
    this.#history = [];
    this.#first = 0;
    this.#batch = [];
    this.#trees.clear();
  }

  /** Past events, from a watch that is closed as soon as it has told them. */
  #loadHistory(after: number, upTo: number): void {
    const past: CacheEvent[] = [];
    this.#store
      .watch(this.prefix, after + 1, {
        event: (event) => {
          if (event.revision <= upTo) past.push(this.#toCacheEvent(event, this.#entryOf(event.previous)));
        },
        end: () => undefined,
      })
      .close();
    this.#history = [...past, ...this.#history];
    this.#oldest = after;
  }

  #entryOf(kv: StoreEvent["current"]): Entry | undefined {
    if (kv === undefined) return undefined;
    const object = this.#written.get(kv.value);
    if (object !== undefined) this.#written.delete(kv.value);
    const { unreadable } = kv;
    const decode =
      unreadable === undefined
        ? this.#decode
        : (): never => {
            throw internalError(unreadable);
          };
    return new Entry(kv.key.slice(this.prefix.length), kv.modRevision, kv.value, kv.seal, decode, object, this.#warmth);
  }

  #toCacheEvent(event: StoreEvent, previous: Entry | undefined): CacheEvent {
    const { revision } = event;
    const entry = this.#entryOf(event.current);
    if (entry !== undefined) return { type: previous === undefined ? "ADDED" : "MODIFIED", revision, entry, previous };
    const last = this.#removing.get(event.key.slice(this.prefix.length));
    return {
      type: "DELETED",
      revision,
      entry: last === undefined ? (previous as Entry).at(revision) : this.#lastOf(previous as Entry, last, revision),
      previous,
    };
  }

  #lastOf(previous: Entry, last: UnstructuredObject, revision: number): Entry {
    return new Entry(previous.key, revision, encodeStored(last), previous.seal, this.#decode, last, this.#warmth);
  }

  /** The last event of `key` is about `object`, as long as the deletion is under way. Answers the end of that. */
  removing(key: string, object: UnstructuredObject): () => void {
    this.#removing.set(key, object);
    return () => void this.#removing.delete(key);
  }

  #event(event: StoreEvent): void {
    if (event.revision <= this.#revision) return;
    const key = event.key.slice(this.prefix.length);
    const previous = this.#tree.get(key);
    if (event.type === "delete" && previous === undefined) return;
    const change = this.#toCacheEvent(event, previous);
    if (change.type === "DELETED") this.#remove(previous as Entry);
    else this.#put(change.entry);
    this.changes++;
    this.#history.push(change);
    this.#batch.push(change);
  }

  #put(entry: Entry): void {
    this.indexes.put(entry);
    if (this.#tree.set(entry.key, entry)) this.#counts.set(entry.namespace, (this.#counts.get(entry.namespace) ?? 0) + 1);
  }

  #remove(entry: Entry): void {
    this.#tree.delete(entry.key);
    this.indexes.remove(entry.key);
    const left = (this.#counts.get(entry.namespace) ?? 1) - 1;
    if (left > 0) this.#counts.set(entry.namespace, left);
    else this.#counts.delete(entry.namespace);
  }

  #progress(revision: number): void {
    this.#revision = revision;
    if (this.#batch.length > 0) {
      const batch = this.#batch;
      this.#batch = [];
      for (const follower of this.#followers) follower.changed(batch);
      for (const { type, entry, previous } of batch) {
        previous?.release();
        if (type === "DELETED") entry.release();
      }
      this.#forget();
    }
    if (this.#waiting.length > 0) {
      const met = this.#waiting.filter((w) => w.revision <= revision);
      this.#waiting = this.#waiting.filter((w) => w.revision > revision);
      for (const { resolve } of met) resolve();
    }
  }

  /** Drops the history that the store has dropped. */
  #forget(): void {
    const compacted = this.#store.compactedRevision;
    if (compacted <= this.#oldest) return;
    this.#oldest = compacted;
    while (this.#first < this.#history.length && (this.#history[this.#first] as CacheEvent).revision <= compacted) this.#first++;
    if (this.#first > 256 && this.#first * 2 > this.#history.length) {
      this.#history = this.#history.slice(this.#first);
      this.#first = 0;
    }
    for (const revision of this.#trees.keys()) if (revision < compacted) this.#trees.delete(revision);
  }

  /** The store was closed, or lost track: then the next who asks has everything read again. */
  #ended(): void {
    this.#watch = undefined;
    for (const follower of this.#followers) follower.closed();
    this.#followers.clear();
  }

  /** Ends what follows the cache and stops following the store. */
  close(): void {
    this.#closed = true;
    this.#watch?.close();
    this.#ended();
  }

  /** The revision the cache stands at. */
  get revision(): number {
    return this.#revision;
  }

  /** Watches can start after this revision or any later one. */
  get oldest(): number {
    this.#forget();
    return this.#oldest;
  }

  get size(): number {
    return this.#tree.size;
  }

  /** How many objects there are in a namespace; empty: in all. */
  count(namespace: string): number {
    return namespace === "" ? this.#tree.size : (this.#counts.get(namespace) ?? 0);
  }

  get(key: string): Entry | undefined {
    return this.#tree.get(key);
  }

  /** The present objects, which the caller does not change. */
  get tree(): OrderedMap<Entry> {
    return this.#tree;
  }

  /** The objects as they were at a revision. Throws 410. */
  treeAt(revision: number): OrderedMap<Entry> {
    if (revision < this.oldest) throw expired("The resourceVersion for the provided list is too old.");
    const after = this.#indexAfter(revision);
    if (after === this.#history.length) return this.#tree;
    const known = this.#trees.get(revision);
    if (known !== undefined) return known;
    const tree = this.#tree.clone();
    for (let i = this.#history.length - 1; i >= after; i--) {
      const { entry, previous } = this.#history[i] as CacheEvent;
      if (previous === undefined) tree.delete(entry.key);
      else tree.set(entry.key, previous);
    }
    this.#keepTree(revision, tree);
    return tree;
  }

  /**
   * The objects as they were at a revision that the store still knows but this cache does not: one that another server gave
   * out, or this one before it was started. Undefined where {@link treeAt} knows as much. Throws StoreError `compacted`.
   */
  storedTreeAt(revision: number): Promise<OrderedMap<Entry>> | undefined {
    if (this.#store.newestRevision === undefined || revision >= this.oldest) return undefined;
    return this.#storedTreeAt(revision);
  }

  async #storedTreeAt(revision: number): Promise<OrderedMap<Entry>> {
    const known = this.#trees.get(revision);
    if (known !== undefined) return known;
    const { items } = await this.#store.range(this.prefix, { revision });
    const tree = orderedMap<Entry>();
    for (const kv of items) tree.set(kv.key.slice(this.prefix.length), this.#entryOf(kv) as Entry);
    this.#keepTree(revision, tree);
    return tree;
  }

  #keepTree(revision: number, tree: OrderedMap<Entry>): void {
    this.#trees.set(revision, tree);
    if (this.#trees.size > keptTrees) this.#trees.delete(this.#trees.keys().next().value as number);
  }

  /** Position in the history of the first event after `revision`. */
  #indexAfter(revision: number): number {
    let low = this.#first;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#history[middle] as CacheEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Up to `limit` events after a revision, in order, and whether more follow. Undefined when they are forgotten. */
  eventsAfter(revision: number, limit: number): { events: readonly CacheEvent[]; more: boolean } | undefined {
    if (revision < this.oldest) return undefined;
    const from = this.#indexAfter(revision);
    let to = Math.min(from + limit, this.#history.length);
    // Events of one revision stay together.
    while (to > from && to < this.#history.length && this.#history[to]?.revision === this.#history[to - 1]?.revision) to++;
    return { events: this.#history.slice(from, to), more: to < this.#history.length };
  }

  /** The entries of a prefix in order, from `start` on; `visit` returns true to stop. */
  scan(tree: OrderedMap<Entry>, prefix: string, start: string, visit: (entry: Entry) => boolean): void {
    tree.forRange(start > prefix ? start : prefix, prefixEnd(prefix), false, (_key, entry) => (visit(entry) ? { break: true } : undefined));
  }

  follow(follower: CacheFollower): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** The object behind bytes that are about to be stored: see {@link Entry}. */
  writing(value: Uint8Array, object: UnstructuredObject): void {
    this.#written.set(value, object);
  }

  /**
   * Undefined when the cache is at the revision already; else resolves when it gets there, and rejects with upstream's
   * 504 after three seconds.
   */
  waitFor(revision: number): Promise<void> | undefined {
    if (revision <= this.#revision) return undefined;
    return new Promise((resolve, reject) => {
      const waiter = { revision, resolve };
      const timer = this.#clock.setTimeout(() => {
        this.#waiting = this.#waiting.filter((w) => w !== waiter);
        reject(tooLargeVersion(revision, this.#revision));
      }, 3000);
      waiter.resolve = () => {
        timer.cancel();
        resolve();
      };
      this.#waiting.push(waiter);
    });
  }
}

function tooLargeVersion(wanted: number, current: number): Error {
  const error = timeout(`Too large resource version: ${wanted}, current: ${current}`, 1);
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  Object.assign(error, { details: { causes, ...error.details } });
  return error;
}
