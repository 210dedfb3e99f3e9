/** What a transport has to do. Everything else of a {@link Client} is built on it once, in `rest-client.ts`. */
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import type { RawResponse, WatchEvent } from "./client.ts";

export type CallVerb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** One request about one resource. */
export interface ApiCall {
  readonly verb: CallVerb;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly ref: ResourceRef<object>;
  /** Empty: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
  /** An object, or the patch. */
  readonly body?: object | undefined;
  /** `application/json` when absent. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RawOptions {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

export interface Identity {
  name: string;
  groups?: string[];
  /** What the server takes the field manager from; the client's own when absent. */
  userAgent?: string;
}

/** Failures are thrown as ApiError; an aborted call throws the signal's reason. */
export interface Transport {
  call(call: ApiCall): Promise<object>;
  /** Ends when the server ends it or the signal aborts; an ERROR event is thrown. Leaving the loop cancels the watch. */
  watch(call: ApiCall): AsyncIterable<WatchEvent<KubeObject>>;
  raw(method: string, path: string, body: unknown, options: RawOptions): Promise<RawResponse>;
  as(user: Identity): Transport;
}
