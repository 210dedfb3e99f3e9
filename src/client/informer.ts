/**
 * A cache of one resource that follows the server: list, watch, bookmarks; survives drops, time-outs and 410.
 * Objects in it are frozen. Handlers run in order, after the cache has changed, each to its end before the next event.
 */
import type { ResourceRef } from "../schema/resource-ref.ts";

export interface InformerHandlers<T> {
  onAdd?(object: T, inInitialList: boolean): void;
  onUpdate?(object: T, old: T): void;
  onDelete?(object: T): void;
}

export interface Lister<T> {
  get(namespace: string, name: string): T | undefined;
  /** Every object, or those of one namespace. The array is the caller's. */
  list(namespace?: string): T[];
  /** Objects that an index (see {@link Informer.addIndex}) files under `value`. */
  byIndex(index: string, value: string): T[];
}

export interface Informer<T extends object> {
  readonly ref: ResourceRef<T>;
  readonly lister: Lister<T>;
  /** The first list and its events have been delivered. */
  readonly synced: boolean;
  /** Before or after start. Late handlers get the present objects as adds. Returns the removal. */
  addHandlers(handlers: InformerHandlers<T>): () => void;
  /** Before start. `values` files an object under any number of keys. */
  addIndex(name: string, values: (object: T) => string[]): void;
  whenSynced(signal?: AbortSignal): Promise<void>;
}

/** One informer a resource, shared by everything that runs on the same client. */
export interface InformerFactory {
  /** Options restrict what is cached; a request with other options makes another informer. */
  informer<T extends object>(
    ref: ResourceRef<T>,
    options?: { namespace?: string; labelSelector?: string; fieldSelector?: string },
  ): Informer<T>;
  /** Starts what has been asked for so far; again after asking for more. */
  start(): void;
  whenSynced(signal?: AbortSignal): Promise<void>;
  stop(): void;
}
