/** The face of the generic API server, for everything that composes one or plugs into it. */
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { Store } from "../store/store.ts";
import type { Auditor } from "./audit/auditor.ts";
import type { AdmissionPlugin } from "./admission.ts";
import type { EncryptionAtRest } from "./encryption/index.ts";
import type { FlowControl } from "./flow-control/controller.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import type { ResourceDefinition } from "./resource.ts";

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Absent: everybody is `system:anonymous`. Who it does not know, nor takes for anonymous, is refused with 401. */
  readonly authenticator?: Authenticator | undefined;
  /** What the server answers to as an audience of tokens; none is checked when absent. */
  readonly audiences?: readonly string[] | undefined;
  /** Headers by which a proxy in front names users, beside `X-Remote-*`: they are taken out of every request. Lower-case names. */
  readonly proxyHeaders?: ((name: string) => boolean) | undefined;
  /** Absent: everything is allowed. */
  readonly authorizer?: Authorizer | undefined;
  /** False: only the old `impersonate` verb lets users act as others. Default true. */
  readonly constrainedImpersonation?: boolean | undefined;
  /** In upstream's order: every `admit` runs before the first `validate`. May be filled until the first request. */
  readonly admission: readonly AdmissionPlugin[];
  /** Absent: no audit events are kept. */
  readonly audit?: Auditor | undefined;
  /** Absent: everything is stored in the clear. */
  readonly encryption?: Pick<EncryptionAtRest, "storeFor"> | undefined;
  /** Longest time a request that is neither a watch nor a connect may take, in ms. 60 000 by default. */
  readonly requestTimeout?: number | undefined;
  /** Watches without timeoutSeconds last between this and twice this, in ms. 1 800 000 by default. */
  readonly minRequestTimeout?: number | undefined;
  /** Absent: requests are counted against `maxInFlight` alone. */
  readonly flowControl?: FlowControl | undefined;
  /** Requests answered at once, where there is no `flowControl`: [reading, mutating]; 429 is answered beyond. Default: no limit. */
  readonly maxInFlight?: readonly [number, number] | undefined;
  /** Objects that one deletion of a collection removes at once; default 32. */
  readonly deleteCollectionWorkers?: number | undefined;
  /** Largest body of a write, in bytes. 3 MiB by default. */
  readonly maxBodyBytes?: number | undefined;
  /** Bookmarks are sent to the watches that asked for them this often, in ms. 60 000 by default. */
  readonly bookmarkInterval?: number | undefined;
}

export interface ApiServer {
  /** Answers every request; never rejects. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** Serves a resource from now on; replaces the definition of the same group and resource. */
  install(definition: ResourceDefinition): void;
  /** Stops serving a resource; its watches end. What is stored stays. */
  uninstall(group: string, resource: string): void;
  readonly definitions: readonly ResourceDefinition[];
  definition(group: string, resource: string): ResourceDefinition | undefined;
  /** `run` is called after each install and uninstall. Answers the removal. */
  onDefinitionsChange(run: () => void): () => void;
  /** A path that is no resource: `/version`, `/openapi/v2`, `/apis/x/v1`. A later route of the same path replaces. */
  addRoute(route: Route): () => void;
  /** Other servers answer for what is found; asked of every request that is allowed, so long as there is something to find. */
  delegate(find: ((path: string) => { proxy(request: ApiRequest): Promise<ApiResponse> } | undefined) | undefined): void;
  /** Named conditions of `/readyz`. */
  addReadyCheck(name: string, check: () => string | undefined): void;
  /** Empty when ready; otherwise what is missing, by check name. */
  readiness(): Readonly<Record<string, string>>;
  /** The stored objects of an installed resource, past pipeline and admission: for subresource handlers and repair loops. */
  objects(group: string, resource: string): ObjectAccess;
  start(): Promise<void>;
  /** `/readyz` fails from now on; everything is still answered. */
  beginShutdown(): void;
  /** From now on requests from outside are answered 429 and told to come back, but for questions about health. */
  turnAway(): void;
  /** Resolves when no request is being answered but those that last, or after `ms`. */
  drained(ms: number): Promise<void>;
  /** Ends the watches from outside in order; resolves when they have ended, or after `ms`. */
  endWatches(ms: number): Promise<void>;
  /** Ends the watches, lets running writes finish, refuses new requests. The store stays open. */
  stop(): Promise<void>;
}

export interface Route {
  /** Exact, or everything below it when it ends in `/`. */
  readonly path: string;
  readonly handle: (request: ApiRequest) => Promise<ApiResponse> | ApiResponse;
}

/** Objects in the storage version; what is read is frozen. Errors are ApiErrors. */
export interface ObjectAccess {
  /** What the cache has at once: with a store elsewhere it may lag behind, and before the first read it has nothing. */
  cached(namespace: string, name: string): UnstructuredObject | undefined;
  get(namespace: string, name: string): Promise<UnstructuredObject | undefined>;
  /** All, or those of one namespace. */
  list(namespace?: string): Promise<UnstructuredObject[]>;
  /**
   * Reads, lets `change` alter a mutable copy (or return false to leave the object as it is), and writes it unless someone
   * else wrote meanwhile: then again. `change` throws to refuse. 404 when there is none.
   */
  update(namespace: string, name: string, change: (object: UnstructuredObject) => boolean | void): Promise<UnstructuredObject>;
}
