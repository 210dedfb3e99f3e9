/**
 * The client's face: typed and dynamic are the same thing, since a {@link ResourceRef} carries the type. Two transports
 * implement {@link Transport} (HTTP and in-process) under one contract suite. Reads from a cache or in-process are frozen.
 */
import type { KubeList, KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import type { DeleteOptions } from "../schema/types/meta-v1.ts";

export interface ListOptions {
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "Exact" | "NotOlderThan";
  signal?: AbortSignal;
}

export interface WatchOptions {
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "NotOlderThan";
  sendInitialEvents?: boolean;
  allowWatchBookmarks?: boolean;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";

export interface WatchEvent<T> {
  type: WatchEventType;
  object: T;
}

export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  fieldValidation?: "Strict" | "Warn" | "Ignore";
  signal?: AbortSignal;
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

/** Options of metav1.DeleteOptions, plus a signal. */
export interface DeleteRequest extends DeleteOptions {
  signal?: AbortSignal;
}

/** The verbs on one resource, in one namespace or (empty) over all. Every failure is an ApiError. */
export interface ResourceClient<T extends object> {
  readonly ref: ResourceRef<T>;
  readonly namespace: string;
  get(name: string, options?: { resourceVersion?: string; signal?: AbortSignal }): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  /** Ends when the server ends it; an ERROR event is thrown as ApiError (410 when the version is gone). */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, type: PatchType, patch: unknown, options?: WriteOptions & { subresource?: string; force?: boolean }): Promise<T>;
  /** Resolves with the object when it lives on (finalizers, grace), else with the Status. */
  delete(name: string, options?: DeleteRequest): Promise<KubeObject>;
  deleteCollection(options?: DeleteRequest, list?: ListOptions): Promise<void>;
  /** A subresource that is an object of its own: scale, binding, eviction, token. */
  getSubresource<S extends object>(name: string, subresource: string): Promise<S>;
  createSubresource<S extends object>(name: string, subresource: string, body: S, options?: WriteOptions): Promise<S>;
  updateSubresource<S extends object>(name: string, subresource: string, body: S, options?: WriteOptions): Promise<S>;
}

export interface Client {
  /** `namespace` empty or absent: all namespaces, or a cluster-scoped resource. */
  resource<T extends object>(ref: ResourceRef<T>, namespace?: string): ResourceClient<T>;
  /** Any path, JSON in and out: discovery, healthz, version. */
  raw(
    method: string,
    path: string,
    body?: unknown,
    options?: { signal?: AbortSignal; headers?: Record<string, string> },
  ): Promise<RawResponse>;
  /** The same cluster under another identity, where the transport can give it (in-process; HTTP by impersonation). */
  as(user: { name: string; groups?: string[]; userAgent?: string }): Client;
}

export interface RawResponse {
  status: number;
  headers: Record<string, string>;
  text(): string;
  json(): unknown;
}
