/** The objects under one storage prefix: reads from the cache, compare-and-swap writes to the store. */
import { ApiError, internalError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { Store, Write, WriteResult } from "../../store/store.ts";
import { StoreError } from "../../store/store.ts";
import { TransformError } from "../encryption/transformer.ts";
import { jsonEqual } from "../json-equal.ts";
import { WatchHub } from "../watch/watch-hub.ts";
import { decodeStored } from "./decode-stored.ts";
import { orderMetadata } from "./metadata-order.ts";
import { encodeStored, Entry } from "./entry.ts";
import { ResourceCache } from "./resource-cache.ts";
import { PageCache } from "./page-cache.ts";
import type { Warmth } from "./warmth.ts";
import { storeApiError } from "./store-errors.ts";

/** Someone else wrote first. */
export const lost: unique symbol = Symbol("lost");

export function objectStorageKey(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** etcd's limit on a request, which clients know. */
const maxObjectBytes = 1.5 * 1024 * 1024;
const tooLargeMessage = "etcdserver: request is too large";

export function isTooLarge(error: unknown): boolean {
  return error instanceof ApiError && error.message === tooLargeMessage;
}

export interface ObjectStorageOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** `/registry/pods` */
  readonly storagePrefix: string;
  /** Turns a stored object of another version into one of the storage version. */
  readonly upgrade: (object: UnstructuredObject) => UnstructuredObject;
  /** How much of what is made of stored bytes is kept; one for all resources of a server. */
  readonly warmth?: Warmth | undefined;
  /** Hears of watches that had to be ended because they threw. */
  readonly fault: (error: unknown) => void;
}

export class ObjectStorage {
  readonly cache: ResourceCache;
  readonly hub: WatchHub;
  readonly pages: PageCache = new PageCache();
  readonly #store: Store;
  readonly #decode: (value: Uint8Array) => UnstructuredObject;

  constructor(options: ObjectStorageOptions) {
    const { store, clock, storagePrefix, upgrade } = options;
    this.#store = store;
    this.#decode = (value) => upgrade(decodeStored(value));
    this.cache = new ResourceCache(store, clock, storagePrefix, this.#decode, options.warmth);
    this.hub = new WatchHub(this.cache, options.fault);
  }

  /** The present entry. Waits for a remote store to tell of everything that is written. */
  async get(key: string): Promise<Entry | undefined> {
    await this.fresh();
    return this.cache.get(key);
  }

  /** Resolves when the cache has seen everything that was written before the call; undefined when it has already. */
  fresh(): Promise<void> | undefined {
    const loading = this.cache.ready();
    if (this.#store.newestRevision === undefined) return loading;
    return this.#fresh(loading);
  }

  async #fresh(loading: Promise<void> | undefined): Promise<void> {
    await loading;
    await this.cache.waitFor(await (this.#store.newestRevision as () => Promise<number>).call(this.#store));
  }

  /** The new entry, or {@link lost} when the key exists. `object` becomes the cache's own. */
  create(key: string, object: UnstructuredObject, ttl?: number): Promise<Entry | typeof lost> {
    orderMetadata(object);
    return this.#put(key, object, 0, ttl);
  }

  /** The new entry, or {@link lost} when the object is not `old` any more. An unchanged object is not written. */
  replace(old: Entry, object: UnstructuredObject, ttl?: number): Promise<Entry | typeof lost> | Entry {
    orderMetadata(object);
    const value = encodeStored(object);
    if (
      ttl === undefined &&
      old.seal === this.#store.currentSeal?.() &&
      value.length === old.value.length &&
      (sameBytes(value, old.value) || (isAt(old.value, object.apiVersion) && saysTheSame(object, old)))
    )
      return old;
    return this.#put(old.key, object, old.revision, ttl, value);
  }

  async #put(key: string, object: UnstructuredObject, expect: number, ttl?: number, bytes?: Buffer): Promise<Entry | typeof lost> {
    const value = bytes ?? encodeStored(object);
    if (value.length > maxObjectBytes) throw new ApiError(500, "", tooLargeMessage);
    this.cache.writing(value, object);
    const result = await this.#transact({ type: "put", key: this.cache.prefix + key, value, expect, ttl });
    if (!result.ok) return lost;
    const loading = this.cache.ready();
    if (loading !== undefined) await loading;
    await this.#seen(result.revision);
    const entry = this.cache.get(key);
    // Somebody was faster than this turn: the answer is still about this write.
    return entry?.revision === result.revision ? entry : new Entry(key, result.revision, value, this.#store.currentSeal?.(), this.#decode);
  }

  /**
   * The entry as it is deleted, or {@link lost} when the object is not `old` any more. `last`: what it is to look like in
   * the last event, where that is not as it was stored; it becomes the cache's own.
   */
  async remove(old: Entry, last?: UnstructuredObject): Promise<Entry | typeof lost> {
    const told = last === undefined ? undefined : this.cache.removing(old.key, last);
    try {
      const result = await this.#transact({ type: "delete", key: this.cache.prefix + old.key, expect: old.revision });
      if (!result.ok) return lost;
      await this.#seen(result.revision);
      return last === undefined ? old.at(result.revision) : new Entry(old.key, result.revision, encodeStored(last), old.seal, this.#decode);
    } finally {
      told?.();
    }
  }

  /** Waits until the cache has seen an own write; not longer than it takes to be sure that the store is slow to tell. */
  #seen(revision: number): Promise<void> | undefined {
    return this.cache.waitFor(revision)?.catch(() => undefined /* written it is: whoever reads next waits for it */);
  }

  async #transact(write: Write): Promise<WriteResult> {
    try {
      return await this.#store.transact([write]);
    } catch (error) {
      if (error instanceof TransformError) throw internalError(error.message);
      throw error instanceof StoreError ? storeApiError(error) : error;
    }
  }

  close(): void {
    this.cache.close();
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** What is stored at another version is written anew, as migrations of the storage count on. */
function isAt({ buffer, byteOffset, length }: Uint8Array, apiVersion: string | undefined): boolean {
  return Buffer.from(buffer, byteOffset, Math.min(length, 200)).includes(`"apiVersion":${JSON.stringify(apiVersion)}`);
}

/** Members may stand in another order: equally long bytes that differ are compared by what they say. */
function saysTheSame(object: UnstructuredObject, old: Entry): boolean {
  const metadata = { ...object.metadata, resourceVersion: String(old.revision) };
  return jsonEqual({ ...object, metadata }, old.peek());
}
