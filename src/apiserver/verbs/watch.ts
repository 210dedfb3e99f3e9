import { type FailureStatus, isApiError, methodNotSupported } from "../../core/api-error.ts";
import { includeObjectOf } from "../encoding/transformations.ts";
import { mediaTypeOf, type Negotiated } from "../encoding/negotiation.ts";
import type { ApiResponse, ResponseSink, WatchObserver } from "../request.ts";
import { negotiateObject } from "../respond.ts";
import type { Scope } from "../scope.ts";
import { parseSelection } from "../storage/selection.ts";
import { LocalOutput, WireOutput } from "../watch/outputs.ts";
import { WatchEncoder } from "../watch/watch-encoder.ts";
import { Watcher, type WatchPlan } from "../watch/watcher.ts";
import { type ListOptions, parseListOptions } from "./list-options.ts";

/** Answers a watch. It starts when the front takes the answer. */
export async function watch(scope: Scope): Promise<ApiResponse> {
  const { request, definition, storage } = scope;
  if (!definition.verbs.includes("watch")) throw methodNotSupported(scope.about, "watch");
  const negotiated = negotiateObject(scope, true);
  const options = parseListOptions(request.query, true);
  const selection = parseSelection(
    scope.namespace,
    request.query,
    scope.selectors,
    request.info.verb === "watch" ? watchedName(scope) : "",
  );
  const loading = storage.cache.ready();
  if (loading !== undefined) await loading;
  const failure = options.sendInitialEvents === undefined ? undefined : await reached(scope, options.revision);
  const plan: WatchPlan = {
    selection,
    initialEvents: options.sendInitialEvents === true,
    initialEventsEnd: options.sendInitialEvents === true && options.allowWatchBookmarks,
    after: options.revision === undefined || options.revision === 0 ? storage.cache.revision : options.revision,
    bookmarks: options.allowWatchBookmarks,
    timeout: timeoutOf(scope, options),
    ...(failure === undefined ? {} : { failure }),
  };
  return request.inProcess === true ? localWatch(scope, plan, negotiated) : wireWatch(scope, plan, negotiated);
}

/** Waits for a version that initial events are to be of. One that does not come is told in the stream, as upstream does. */
async function reached({ storage }: Scope, revision: number | undefined): Promise<FailureStatus | undefined> {
  const waiting = revision === undefined ? storage.fresh() : storage.cache.waitFor(revision);
  if (waiting === undefined) return undefined;
  try {
    await waiting;
    return undefined;
  } catch (error) {
    if (!isApiError(error)) throw error;
    return error.toStatus();
  }
}

/** `/api/v1/watch/namespaces/NS/pods/NAME` */
function watchedName(scope: Scope): string {
  return scope.request.query.has("fieldSelector") ? "" : scope.name;
}

function timeoutOf(scope: Scope, options: ListOptions): number {
  if (options.timeoutSeconds !== undefined && options.timeoutSeconds > 0) return options.timeoutSeconds * 1000;
  return (scope.state.options.minRequestTimeout ?? 1_800_000) * (1 + Math.random());
}

function wireWatch(scope: Scope, plan: WatchPlan, negotiated: Negotiated): ApiResponse {
  const { state, served, storage } = scope;
  const { clock } = state.options;
  const includeObject = negotiated.as?.kind === "Table" ? includeObjectOf(scope.request.query) : "Metadata";
  const encoder = new WatchEncoder(served, negotiated, includeObject, () => clock.now());
  const type = mediaTypeOf(negotiated.format);
  const labels = { group: scope.definition.group, resource: scope.definition.resource, version: served.version.version };
  const sent = (events: number, bytes: number): void => {
    state.metrics.watchEvents.inc(labels, events);
    state.metrics.watchEventSizes.observe(bytes / events, labels);
  };
  return {
    status: 200,
    headers: { "content-type": negotiated.format === "json" ? type : `${type};stream=watch` },
    stream: (sink: ResponseSink) =>
      new Promise<void>((resolve) => {
        const watcher = new Watcher(storage.hub, plan, new WireOutput(encoder, sink, sent), clock, resolve);
        if (sink.signal.aborted) watcher.end();
        else {
          sink.signal.addEventListener("abort", () => watcher.end(), { once: true });
          const began = clock.monotonic();
          watcher.start();
          if (plan.initialEvents) {
            const { definition, namespace } = scope;
            const events = storage.cache.count(namespace);
            state.metrics.lists.began(definition, served.version.version, namespace !== "", events, (clock.monotonic() - began) / 1000);
          }
        }
      }),
  };
}

function localWatch(scope: Scope, plan: WatchPlan, negotiated: Negotiated): ApiResponse {
  const { request, state, storage } = scope;
  let watcher: Watcher | undefined;
  const stop = (): void => watcher?.end();
  return {
    status: 200,
    headers: {},
    watch: {
      start: (observer: WatchObserver) => {
        const output = new LocalOutput(scope.served, negotiated.as !== undefined, observer);
        const done = (): void => request.signal.removeEventListener("abort", stop);
        watcher = new Watcher(storage.hub, plan, output, state.options.clock, done);
        if (request.signal.aborted) watcher.end();
        else {
          request.signal.addEventListener("abort", stop, { once: true });
          watcher.start();
        }
      },
      stop,
    },
  };
}
