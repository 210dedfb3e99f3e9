/**
 * The generic API server: installs resources, and sends every request, from whichever front, through one pipeline.
 * The life of a request is the array below.
 */
import { sleep } from "../core/clock.ts";
import { internalError, isApiError, notFound } from "../core/api-error.ts";
import type { Auditor } from "./audit/auditor.ts";
import { mutable, type UnstructuredObject } from "../schema/object.ts";
import { beginAudit } from "./pipeline/audit.ts";
import { authenticate } from "./pipeline/authentication.ts";
import { attributesOf, authorize } from "./pipeline/authorization.ts";
import { dispatch } from "./pipeline/dispatch.ts";
import { impersonate } from "./pipeline/impersonation.ts";
import { deadlineOf, limit, release, releaseStarted } from "./pipeline/limits.ts";
import type { RequestState } from "./pipeline/request-state.ts";
import type { ApiRequest, ApiResponse, ResponseSink } from "./request.ts";
import { parseRequestInfo } from "./request-info.ts";
import type { ResourceDefinition } from "./resource.ts";
import { respondPlain } from "./respond.ts";
import type { ApiServer, ApiServerOptions, ObjectAccess, Route } from "./server-interface.ts";
import type { FilterName } from "./filter-series.ts";
import { requestLabelsOf } from "./request-labels.ts";
import { ServerState } from "./server-state.ts";
import { failureStatus, toApiError } from "./status.ts";
import { lost, objectStorageKey } from "./storage/object-storage.ts";

export type { ApiServer, ApiServerOptions, ObjectAccess, Route } from "./server-interface.ts";

type Step = (state: RequestState) => Promise<ApiResponse | undefined> | ApiResponse | undefined;

/**
 * What happens to a request, in this order. A step that gives an answer ends it; a step that throws refuses it. The names are
 * those under which upstream tells their durations.
 */
const pipeline: readonly (readonly [step: Step, filter: FilterName | undefined])[] = [
  [resolveInfo, undefined], // what the path and method mean
  [turnAway, undefined], // not now: the server is about to stop
  [authenticate, "authentication"], // who asks
  [beginAudit, "audit"], // what of it is to be told
  [impersonate, "constrainedimpersonation"], // on whose behalf
  [limit, "priorityandfairness"], // wait for a place when there are too many already
  [authorize, "authorization"], // may they
  [answer, undefined], // the verb, handler or route, under a deadline
];

function resolveInfo({ request }: RequestState): ApiResponse | undefined {
  try {
    request.info = parseRequestInfo(request.method, request.path, () => request.query);
    return undefined;
  } catch (error) {
    if (!isApiError(error)) throw error;
    const text = `Internal Server Error: ${JSON.stringify(request.path)}: failed to create RequestInfo: ${error.message}\n`;
    return { status: 500, headers: { "content-type": "text/plain; charset=utf-8" }, bytes: Buffer.from(text) };
  }
}

const goAway = Buffer.from("The apiserver is shutting down, please try again later.\n");

function turnAway({ server, request }: RequestState): ApiResponse | undefined {
  if (!server.turningAway || request.inProcess === true || /^\/(healthz|livez|readyz)(\/|$)/.test(request.path)) return undefined;
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "retry-after": "5",
    connection: "close",
  };
  return { status: 429, headers, bytes: goAway };
}

function answer(state: RequestState): Promise<ApiResponse> | ApiResponse {
  state.authorized = true;
  // First: a deadline that cannot be read refuses the request before anything is under way.
  const deadline = deadlineOf(state);
  const answered = dispatch(state);
  return answered instanceof Promise && deadline !== undefined ? state.server.deadlines.race(answered, deadline) : answered;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new GenericApiServer(options);
}

class GenericApiServer implements ApiServer {
  readonly #state: ServerState;
  #active = 0;
  /** The watches from outside. */
  readonly #watching = new Set<ResponseSink>();
  /** Of the active requests, those that came over a front. */
  #outside = 0;
  #idle: (() => void) | undefined;

  constructor(options: ApiServerOptions) {
    this.#state = new ServerState(options);
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    const { clock, audit } = this.#state.options;
    const state: RequestState = {
      server: this.#state,
      request,
      slot: undefined,
      flow: undefined,
      ticket: undefined,
      audit: undefined,
      attributes: undefined,
      authenticated: false,
      authorized: false,
      received: audit === undefined ? 0 : clock.now(),
      longRunning: false,
    };
    audit?.receive(request);
    const started = clock.monotonic();
    this.#active++;
    // Components of this process go on asking until they are told to end: whoever leaves waits for the others alone.
    const outside = request.inProcess === true ? 0 : 1;
    this.#outside += outside;
    let response: ApiResponse;
    try {
      response = await run(state);
      if (response.object !== undefined && request.inProcess !== true) response = await this.#encode(request, response);
    } catch (error) {
      response = await this.#refuse(state, error);
    } finally {
      this.#active--;
      this.#outside -= outside;
      if (!state.longRunning) release(state);
      if (this.#active === 0) this.#idle?.();
    }
    if (state.slot !== undefined) releaseStarted(state, response);
    if (audit !== undefined) {
      const told = this.#tell(audit, state, response);
      if (told !== undefined) await told;
    }
    this.#observe(state, response, state.longRunning ? undefined : (clock.monotonic() - started) / 1000);
    return response;
  }

  /** A handler's object, in the negotiated form. */
  async #encode(request: ApiRequest, response: ApiResponse): Promise<ApiResponse> {
    const encoded = await respondPlain(request, response.object as object, response.status);
    return { ...encoded, headers: { ...encoded.headers, ...response.headers } };
  }

  async #refuse({ request, authenticated, authorized }: RequestState, thrown: unknown): Promise<ApiResponse> {
    const error = toApiError(thrown, request.log);
    const status = failureStatus(error);
    const response = await respondPlain(request, status, error.code);
    if (this.#state.options.audit !== undefined) response.audited = { object: status };
    const retry = error.details?.retryAfterSeconds;
    if (retry !== undefined) response.headers["retry-after"] = String(retry);
    if (authenticated && !authorized) response.headers["x-content-type-options"] = "nosniff";
    return response;
  }

  /** The request's audit event, if it has one. */
  #tell(audit: Auditor, state: RequestState, response: ApiResponse): Promise<boolean> | undefined {
    const { request } = state;
    if (state.audit !== undefined) return audit.answered(state.audit, request, response, state.longRunning);
    if (state.authenticated || request.user !== undefined) return undefined;
    return audit.refused(request, attributesOf(request), state.received, response);
  }

  #observe(state: RequestState, response: ApiResponse, seconds: number | undefined): void {
    const { request, ticket } = state;
    const waited = ticket === undefined ? 0 : (ticket.startedAt - ticket.arrivedAt) / 1000;
    this.#state.metrics.requests.observe(request, response, seconds, waited);
    if (!state.longRunning) return;
    this.#countLongRunning(request, response);
  }

  /** Wraps what lasts, so that the gauge knows when it ends. */
  #countLongRunning(request: ApiRequest, response: ApiResponse): void {
    const { dry_run: _, ...labels } = requestLabelsOf(request.info, request.method, false);
    const gauge = this.#state.metrics.longRunning;
    const { stream, watch } = response;
    if (stream !== undefined) {
      response.stream = async (sink) => {
        gauge.inc(labels);
        if (request.info.verb === "watch") this.#watching.add(sink);
        try {
          await stream(sink);
        } finally {
          this.#watching.delete(sink);
          gauge.dec(labels);
        }
      };
    } else if (watch !== undefined) {
      response.watch = {
        start: (observer) => {
          gauge.inc(labels);
          watch.start({
            event: (type, object) => observer.event(type, object),
            end: () => {
              gauge.dec(labels);
              observer.end();
            },
          });
        },
        stop: () => watch.stop(),
      };
    }
  }

  install(definition: ResourceDefinition): void {
    this.#state.install(definition);
  }

  uninstall(group: string, resource: string): void {
    this.#state.uninstall(group, resource);
  }

  get definitions(): readonly ResourceDefinition[] {
    return this.#state.definitions();
  }

  definition(group: string, resource: string): ResourceDefinition | undefined {
    return this.#state.installed(group, resource)?.definition;
  }

  onDefinitionsChange(run: () => void): () => void {
    return this.#state.onChange(run);
  }

  addRoute(route: Route): () => void {
    this.#state.routes.set(route.path, route);
    return () => {
      if (this.#state.routes.get(route.path) === route) this.#state.routes.delete(route.path);
    };
  }

  delegate(find: ServerState["delegate"]): void {
    this.#state.delegate = find;
  }

  addReadyCheck(name: string, check: () => string | undefined): void {
    this.#state.readyChecks.set(name, check);
  }

  readiness(): Readonly<Record<string, string>> {
    const missing: Record<string, string> = {};
    if (this.#state.stopping || this.#state.leaving) missing["shutdown"] = "process is shutting down";
    for (const [name, check] of this.#state.readyChecks) {
      const why = check();
      if (why !== undefined) missing[name] = why;
    }
    return missing;
  }

  objects(group: string, resource: string): ObjectAccess {
    const state = this.#state;
    const storage = (): ReturnType<ServerState["storage"]> => {
      const installed = state.installed(group, resource);
      if (installed === undefined) throw internalError(`${resource}.${group} is not served`);
      return state.storage(installed.definition);
    };
    return {
      cached: (namespace, name) => storage().cache.get(objectStorageKey(namespace, name))?.object(),
      get: async (namespace, name) => (await storage().get(objectStorageKey(namespace, name)))?.object(),
      list: async (namespace = "") => {
        const { cache } = storage();
        await cache.ready();
        const objects: UnstructuredObject[] = [];
        cache.scan(cache.tree, namespace === "" ? "" : `${namespace}/`, "", (entry) => {
          objects.push(entry.object());
          return false;
        });
        return objects;
      },
      update: async (namespace, name, change) => {
        for (;;) {
          const objects = storage();
          const current = await objects.get(objectStorageKey(namespace, name));
          if (current === undefined) throw notFound({ group, resource }, name);
          const object = mutable(current.object());
          if (change(object) === false) return current.object();
          const written = await objects.replace(current, object);
          if (written !== lost) return written.object();
        }
      },
    };
  }

  start(): Promise<void> {
    this.#state.start();
    return Promise.resolve();
  }

  beginShutdown(): void {
    this.#state.leaving = true;
  }

  turnAway(): void {
    this.#state.turningAway = true;
  }

  drained(ms: number): Promise<void> {
    return this.#within(ms, () => this.#outside === 0);
  }

  async endWatches(ms: number): Promise<void> {
    for (const sink of this.#watching) sink.end();
    await this.#within(ms, () => this.#watching.size === 0);
  }

  async #within(ms: number, done: () => boolean): Promise<void> {
    const { clock } = this.#state.options;
    const end = clock.monotonic() + ms;
    while (!done() && clock.monotonic() < end) await sleep(clock, 10);
  }

  async stop(): Promise<void> {
    this.#state.stopping = true;
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#state.stop();
  }
}

async function run(state: RequestState): Promise<ApiResponse> {
  const { filters } = state.server.metrics;
  const { clock } = state.server.options;
  let before = clock.monotonic();
  for (const [step, filter] of pipeline) {
    const made = step(state);
    const response = made instanceof Promise ? await made : made;
    if (filter !== undefined) {
      const now = clock.monotonic();
      filters[filter].observe((now - before) / 1000);
      before = now;
    }
    if (response !== undefined) return response;
  }
  throw internalError("no step of the pipeline answered");
}
