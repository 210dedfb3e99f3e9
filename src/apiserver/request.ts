/**
 * One request as the pipeline sees it. Two fronts make it: `apiserver/http/` from the wire, and the in-process transport,
 * which hands the parsed object over and gets the frozen object back. Everything between them is the same.
 */
import type { Duplex } from "node:stream";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ClientCertificate } from "../auth/authenticator.ts";
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
  /** The query as it was sent, without the question mark; absent in-process. */
  readonly search?: string | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body's bytes; absent when there is none or when `object` is given. */
  readonly body?: Uint8Array | undefined;
  /**
   * In-process: the body, already an object, which the server does not change. The pipeline also leaves here what it has
   * decoded for admission, so that a subresource's handler need not decode it again.
   */
  object?: KubeObject | undefined;
  /**
   * The caller lives in this process: answers carry `object` (frozen, shared with the cache) and `watch`, never bytes. A
   * list is a KubeList whose items carry kind and apiVersion.
   */
  readonly inProcess?: boolean | undefined;
  /** Set by the front in-process; by authentication otherwise. */
  user?: UserInfo | undefined;
  readonly signal: AbortSignal;
  readonly remoteAddress?: string | undefined;
  readonly certificate?: ClientCertificate | undefined;
  /** The raw connection of an HTTP/1.1 Upgrade request (exec, attach, port-forward, watch over WebSocket). */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  /** Warnings collected on the way: each becomes a `Warning: 299 - "…"` header. */
  readonly warnings: string[];
  /** Set while an audit event is kept of this request: `audit/annotations.ts` writes here. */
  auditAnnotations?: Map<string, string> | undefined;
  /** Present while an audit event is kept of this request. */
  audit?: RequestAudit | undefined;
  /** The id in `Audit-Id`: the caller's, or one that the front or audit gives. */
  auditId?: string | undefined;
  /** Where fairness has put the request: told in the answer's headers. */
  flow?: { readonly schemaUid: string; readonly levelUid: string } | undefined;
  /** Path and query as they came; absent in-process. */
  readonly uri?: string | undefined;
  /** False: the front has seen that there is no Impersonate header. */
  readonly impersonates?: boolean | undefined;
  /** Filled in by the pipeline's first step: fronts pass {@link unresolvedInfo}. */
  info: RequestInfo;
  readonly log: Logger;
}

/** What an audit event of a request wants to be told (`apiserver/audit/`). */
export interface RequestAudit {
  /** The body is part of the event. */
  readonly wantsRequest: boolean;
  /** The answer is part of the event: who answers gives `audited`. */
  readonly wantsResponse: boolean;
  /** `impersonate:user-info` and its like: the right by which the request goes on as someone else. */
  impersonationConstraint: string | undefined;
  /** The body as it was decoded, at the version of the request; it may change afterwards. */
  requestObject(object: KubeObject): void;
  /** Alters what {@link requestObject} was told: `complete` gets a mutable copy. */
  completeRequestObject(complete: (object: KubeObject) => KubeObject): void;
  /** A patch, as it came. */
  requestPatch(patch: Uint8Array | KubeObject): void;
}

/** What a front puts into `info`: the pipeline resolves it from method, path and query. */
export const unresolvedInfo: RequestInfo = {
  isResource: false,
  path: "",
  verb: "",
  group: "",
  version: "",
  namespace: "",
  resource: "",
  subresource: "",
  name: "",
  trailing: "",
};

export interface ApiResponse {
  status: number;
  headers: Record<string, string | string[]>;
  /**
   * One of `bytes`, `object`, `stream`, `watch`, `hijacked`, or none for an empty body. Handlers may answer `object`: the
   * pipeline's end encodes it as negotiated unless the request is in-process, so that the HTTP front never sees it.
   */
  bytes?: Uint8Array | readonly Uint8Array[] | undefined;
  /** In place of `bytes`: a body so large that it is made while it is sent. */
  pieces?: BodyPieces | undefined;
  object?: KubeObject | undefined;
  /** A long answer: watch, log follow, proxy. Called once, by the front; ends the sink or lets it be aborted. */
  stream?: ((sink: ResponseSink) => void | Promise<void>) | undefined;
  /** In-process: the events of a watch as objects. `stream` is absent then. */
  watch?: WatchSource | undefined;
  /** The handler took `upgrade.socket` and answers by itself. */
  hijacked?: boolean | undefined;
  /** What is answered, for the audit event: the object, or its JSON. Given when the request's `audit` is there. */
  audited?: { readonly object?: KubeObject; readonly bytes?: () => Uint8Array | readonly Uint8Array[] } | undefined;
}

/** A body that is never whole in memory. */
export interface BodyPieces {
  /** Bytes of all pieces together. */
  readonly size: number;
  /** The pieces, in order. */
  make(): Iterable<Uint8Array>;
}

/** A watch without encoding. It also ends when the request's signal aborts. */
export interface WatchSource {
  /** Called once. Initial events may be delivered before it returns. */
  start(observer: WatchObserver): void;
  stop(): void;
}

export interface WatchObserver {
  /**
   * Called in order of revision, on the turn of the commit: must return soon and not throw. `object` is frozen; for ERROR
   * it is a Status, after which the watch ends; for BOOKMARK only metadata.resourceVersion (and annotations) mean something.
   */
  event(type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR", object: KubeObject): void;
  /** No more events: time-out, error, stop or shutdown. Called exactly once. */
  end(): void;
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
