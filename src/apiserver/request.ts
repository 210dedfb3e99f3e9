/**
 * One request as the pipeline sees it. Two fronts make it: `apiserver/http/` from the wire, and the in-process transport,
 * which hands the parsed object over and gets the frozen object back. Everything between them is the same.
 */
import type { Duplex } from "node:stream";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import type { UserInfo } from "../auth/user.ts";

/** What the path and method mean (`k8s.io/apiserver/pkg/endpoints/request.RequestInfo`). */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  /** get list watch create update patch delete deletecollection; the lower-case method when not a resource. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource, for `proxy`: joined with `/`, with a leading slash. */
  readonly trailing: string;
}

export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body's bytes; absent when there is none or when `object` is given. */
  readonly body?: Uint8Array | undefined;
  /** In-process: the body, already an object. The server does not change it. */
  readonly object?: KubeObject | undefined;
  /** Set by the front in-process; by authentication otherwise. */
  user?: UserInfo | undefined;
  readonly signal: AbortSignal;
  readonly remoteAddress?: string | undefined;
  readonly certificate?:
    | { readonly commonName: string; readonly organizations: readonly string[]; readonly fingerprint: string }
    | undefined;
  /** The raw connection of an HTTP/1.1 Upgrade request (exec, attach, port-forward, watch over WebSocket). */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  /** Warnings collected on the way: each becomes a `Warning: 299 - "…"` header. */
  readonly warnings: string[];
  info: RequestInfo;
  readonly log: Logger;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string | string[]>;
  /** One of `bytes`, `object` (encoded by the front as negotiated; returned as it is in-process), `stream`, `hijacked`. */
  bytes?: Uint8Array | readonly Uint8Array[] | undefined;
  object?: KubeObject | undefined;
  /** A long answer: watch, log follow, proxy. Called once, by the front; ends the sink or lets it be aborted. */
  stream?: ((sink: ResponseSink) => void | Promise<void>) | undefined;
  /** The handler took `upgrade.socket` and answers by itself. */
  hijacked?: boolean | undefined;
}

export interface ResponseSink {
  /** False when the buffer is full: wait for `onDrain`. */
  write(chunk: Uint8Array): boolean;
  onDrain(run: () => void): void;
  end(): void;
  /** Closes the connection of this answer without a proper end. */
  destroy(): void;
  readonly signal: AbortSignal;
  /** Bytes handed over and not yet taken by the peer. */
  readonly buffered: number;
}
