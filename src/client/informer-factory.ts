/** Informers: a {@link reflect} loop, a store and its handlers; one a resource and selector, shared. */
import type { Clock } from "../core/clock.ts";
import { systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { silent } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { deepFreeze } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import type { Client } from "./client.ts";
import type { Informer, InformerFactory, InformerHandlers, Lister } from "./informer.ts";
import { InformerStore } from "./informer-store.ts";
import { reflect } from "./reflector.ts";

export interface InformerFactoryOptions {
  clock?: Clock;
  log?: Logger;
  /**
   * Ask for the initial state as a stream of events (`sendInitialEvents`). Over HTTP it saves both sides one large body;
   * in-process a list costs one array. True when absent.
   */
  streamingList?: boolean;
  pageSize?: number;
  random?: () => number;
}

export interface InformerOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

/** An informer outside a factory, for resources that come and go. */
export interface OwnInformer<T extends object> extends Informer<T> {
  start(): void;
  /** Ends the watch; the cache stays as it is. */
  stop(): void;
}

export function createInformer<T extends object>(
  client: Client,
  ref: ResourceRef<T>,
  options: InformerOptions & InformerFactoryOptions = {},
): OwnInformer<T> {
  return new CachedInformer(client, ref, options);
}

export function informerFactory(client: Client, options: InformerFactoryOptions = {}): InformerFactory {
  return new SharedInformers(client, options);
}

class SharedInformers implements InformerFactory {
  readonly #client: Client;
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<string, OwnInformer<object>>();

  constructor(client: Client, options: InformerFactoryOptions) {
    this.#client = client;
    this.#options = options;
  }

  informer<T extends object>(ref: ResourceRef<T>, options: InformerOptions = {}): Informer<T> {
    const key = JSON.stringify([
      ref.group,
      ref.version,
      ref.resource,
      options.namespace ?? "",
      options.labelSelector ?? "",
      options.fieldSelector ?? "",
    ]);
    let informer = this.#informers.get(key);
    if (informer === undefined) {
      informer = createInformer(this.#client, ref, { ...this.#options, ...options }) as unknown as OwnInformer<object>;
      this.#informers.set(key, informer);
    }
    return informer as unknown as Informer<T>;
  }

  start(): void {
    for (const informer of this.#informers.values()) informer.start();
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.whenSynced(signal)));
  }

  stop(): void {
    for (const informer of this.#informers.values()) informer.stop();
  }
}

class CachedInformer<T extends object> implements OwnInformer<T> {
  readonly ref: ResourceRef<T>;
  readonly #client: Client;
  readonly #options: InformerOptions & InformerFactoryOptions;
  readonly #log: Logger;
  readonly #store = new InformerStore<T>();
  /** Replaced, never changed: a handler may be removed while events are handed out. */
  #handlers: readonly InformerHandlers<T>[] = [];
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  #started = false;
  #synced = false;

  constructor(client: Client, ref: ResourceRef<T>, options: InformerOptions & InformerFactoryOptions) {
    this.#client = client;
    this.ref = ref;
    this.#options = options;
    this.#log = (options.log ?? silent).child("informer", { resource: ref.resource });
  }

  get lister(): Lister<T> {
    return this.#store;
  }

  get synced(): boolean {
    return this.#synced;
  }

  addHandlers(handlers: InformerHandlers<T>): () => void {
    this.#handlers = [...this.#handlers, handlers];
    for (const object of this.#store.list()) this.#guard(() => handlers.onAdd?.(object, true));
    return () => {
      this.#handlers = this.#handlers.filter((h) => h !== handlers);
    };
  }

  addIndex(name: string, values: (object: T) => string[]): void {
    this.#store.addIndex(name, values);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    const { clock = systemClock, streamingList = true, labelSelector, fieldSelector, pageSize, random } = this.#options;
    const loop = reflect(
      this.#client.resource(this.ref, this.#options.namespace),
      { replace: (objects) => this.#replace(objects), change: (type, object) => this.#change(type, object) },
      {
        clock,
        log: this.#log,
        streamingList,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        ...(pageSize === undefined ? {} : { pageSize }),
        ...(random === undefined ? {} : { random }),
      },
      this.#stop.signal,
    );
    loop.catch((error: unknown) => this.#log.error("the informer stopped", { error }));
  }

  stop(): void {
    this.#stop.abort();
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const done = (): void => {
        signal?.removeEventListener("abort", aborted);
        resolve();
      };
      const aborted = (): void => {
        this.#waiting.delete(done);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(done);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  /**
   * The difference to the cache as events: deletions first, so that what they held is free before others take it. A name
   * that now belongs to another object (uid) is a deletion and an addition.
   */
  #replace(objects: readonly T[]): void {
    const initial = !this.#synced;
    if (this.#store.size > 0) {
      const present = new Map<string, string>();
      for (const object of objects) {
        const { namespace = "", name = "", uid = "" } = (object as KubeObject).metadata ?? {};
        present.set(`${namespace}/${name}`, uid);
      }
      for (const old of this.#store.list()) {
        const { namespace = "", name = "", uid = "" } = (old as KubeObject).metadata ?? {};
        if (present.get(`${namespace}/${name}`) !== uid) this.#remove(old);
      }
    }
    for (const object of objects) this.#put(object, initial);
    if (initial) {
      this.#synced = true;
      for (const done of this.#waiting) done();
      this.#waiting.clear();
    }
  }

  #change(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void {
    if (type === "DELETED") this.#remove(deepFreeze(object));
    else this.#put(object, false);
  }

  #put(object: T, initial: boolean): void {
    deepFreeze(object);
    const metadata = (object as KubeObject).metadata;
    const known = this.#store.get(metadata?.namespace ?? "", metadata?.name ?? "");
    const before = (known as KubeObject | undefined)?.metadata;
    if (known !== undefined && before?.uid !== metadata?.uid) this.#remove(known);
    else if (known !== undefined && before?.resourceVersion === metadata?.resourceVersion) return;
    const old = this.#store.set(object);
    for (const handlers of this.#handlers) {
      if (old === undefined) this.#guard(() => handlers.onAdd?.(object, initial));
      else this.#guard(() => handlers.onUpdate?.(object, old));
    }
  }

  /** Handlers get the last state that the server told. Nothing happens for an object that is not in the cache. */
  #remove(object: T): void {
    const { namespace = "", name = "" } = (object as KubeObject).metadata ?? {};
    if (this.#store.delete(namespace, name) === undefined) return;
    for (const handlers of this.#handlers) this.#guard(() => handlers.onDelete?.(object));
  }

  /** A handler that throws is a fault of its own: the others and the cache go on. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#log.error("a handler threw", { error });
    }
  }
}
