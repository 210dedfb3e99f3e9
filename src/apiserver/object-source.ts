/**
 * Follows one resource of the server's own, in process: for what decides by objects (authorization, custom resources).
 * Events come on the turn of the commit, so that a decision sees every write that was acknowledged.
 */
import type { ObjectHandlers, ObjectSource } from "../auth/object-source.ts";
import { mastersGroup } from "../auth/names.ts";
import type { UserInfo } from "../auth/user.ts";
import { type Clock, sleep } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { type KubeObject, objectKey } from "../schema/object.ts";
import { resourcePath, type ResourceRef } from "../schema/resource-ref.ts";
import { type ApiRequest, type ApiResponse, unresolvedInfo, type WatchSource } from "./request.ts";

/** Who the server is to itself. */
export const serverUser: UserInfo = { name: "system:apiserver", groups: [mastersGroup] };

interface Handler {
  handle(request: ApiRequest): Promise<ApiResponse>;
}

/** A request that the server makes to itself. `path` may have a query. */
export function ownRequest(method: string, url: string, log: Logger, signal: AbortSignal, object?: KubeObject): ApiRequest {
  const [path = "", query = ""] = url.split("?");
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { "user-agent": "kube-apiserver" },
    inProcess: true,
    user: serverUser,
    signal,
    warnings: [],
    info: unresolvedInfo,
    log,
    ...(object === undefined ? {} : { object }),
  };
}

export class ServerObjectSource<T extends KubeObject> implements ObjectSource<T> {
  readonly #server: Handler;
  readonly #path: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #objects = new Map<string, T>();
  readonly #handlers = new Set<ObjectHandlers<T>>();
  readonly #stop = new AbortController();
  #version = "";

  constructor(server: Handler, ref: ResourceRef<T>, options: { readonly log: Logger; readonly clock: Clock }) {
    this.#server = server;
    this.#path = resourcePath(ref);
    this.#log = options.log;
    this.#clock = options.clock;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(namespace === "" ? name : `${namespace}/${name}`);
  }

  /** How many objects there are. */
  get size(): number {
    return this.#objects.size;
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  addHandlers(handlers: ObjectHandlers<T>): () => void {
    this.#handlers.add(handlers);
    for (const object of this.#objects.values()) handlers.onAdd?.(object, true);
    return () => void this.#handlers.delete(handlers);
  }

  /** Resolves when everything that is stored has been told. The resource must be installed. */
  async start(): Promise<void> {
    await new Promise<void>((synced, failed) => {
      this.#follow(synced).catch((error: unknown) => {
        if (!this.#stop.signal.aborted) failed(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  async #follow(synced: () => void): Promise<void> {
    const { signal } = this.#stop;
    for (let first = true; !signal.aborted; first = false) {
      const source = await this.#watch(first);
      if (source !== undefined) await this.#consume(source, synced);
      if (!signal.aborted) await sleep(this.#clock, 100, signal);
    }
  }

  /** Goes on from the last version that was seen; from the beginning when there is none. */
  async #watch(first: boolean): Promise<WatchSource | undefined> {
    const from =
      this.#version === ""
        ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        : `resourceVersion=${encodeURIComponent(this.#version)}`;
    const url = `${this.#path}?watch=true&allowWatchBookmarks=true&${from}`;
    const response = await this.#server.handle(ownRequest("GET", url, this.#log, this.#stop.signal));
    if (response.watch !== undefined) return response.watch;
    this.#version = "";
    if (first) throw new Error(`cannot follow ${this.#path}: ${JSON.stringify(response.object ?? response.status)}`);
    this.#log.warn("cannot follow a resource", { path: this.#path, status: response.status });
    return undefined;
  }

  async #consume(source: WatchSource, synced: () => void): Promise<void> {
    /** Set while the initial events come in: what is not among them is gone. */
    let initial: Set<string> | undefined = this.#version === "" ? new Set() : undefined;
    await new Promise<void>((ended) => {
      source.start({
        event: (type, object) => {
          if (type === "ERROR") {
            this.#version = "";
            return;
          }
          const version = object.metadata?.resourceVersion ?? "";
          if (type === "BOOKMARK") {
            this.#version = version;
            if (initial !== undefined && object.metadata?.annotations?.["k8s.io/initial-events-end"] === "true") {
              for (const key of this.#objects.keys()) if (!initial.has(key)) this.#remove(key);
              initial = undefined;
              synced();
            }
            return;
          }
          const key = objectKey(object);
          initial?.add(key);
          if (type === "DELETED") this.#remove(key);
          else this.#put(key, object as T, initial !== undefined);
          if (initial === undefined) this.#version = version;
        },
        end: ended,
      });
    });
  }

  #put(key: string, object: T, initial: boolean): void {
    const old = this.#objects.get(key);
    if (old?.metadata?.resourceVersion === object.metadata?.resourceVersion && old !== undefined) return;
    this.#objects.set(key, object);
    for (const handlers of this.#handlers) {
      if (old === undefined) handlers.onAdd?.(object, initial);
      else handlers.onUpdate?.(object, old);
    }
  }

  #remove(key: string): void {
    const old = this.#objects.get(key);
    if (old === undefined) return;
    this.#objects.delete(key);
    for (const handlers of this.#handlers) handlers.onDelete?.(old);
  }
}
