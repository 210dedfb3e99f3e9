import { ApiError, serviceUnavailable } from "../../core/api-error.ts";
import type { Digest, FlowControl } from "../flow-control/controller.ts";
import type { Ticket } from "../flow-control/queue-set.ts";
import { isLongRunning } from "../request-info.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { RequestState } from "./request-state.ts";
import type { RequestKind } from "./traffic.ts";

const readVerbs = new Set(["get", "list", "watch"]);

/** Finds a place for the request: at once, in a queue of its priority level, or none. Streams but watches do not count. */
export function limit(state: RequestState): Promise<ApiResponse | undefined> | ApiResponse | undefined {
  const { server, request } = state;
  if (server.stopping) throw Object.assign(serviceUnavailable("the server is shutting down"), { retryAfter: 1 });
  state.longRunning = isLongRunning(request.info);
  const watches = request.info.verb === "watch";
  if (state.longRunning && !watches) return undefined;
  const kind = readVerbs.has(request.info.verb) ? "readOnly" : "mutating";
  const { flowControl } = server.options;
  if (flowControl !== undefined) return queue(state, flowControl, kind);
  if (watches) return undefined;
  if (!server.slots[kind].take(request.user?.groups.includes("system:masters") === true)) return refuse(state, 1);
  state.slot = kind;
  server.traffic.executing(kind, 1);
  return undefined;
}

function queue(
  state: RequestState,
  flowControl: FlowControl,
  kind: RequestKind,
): Promise<ApiResponse | undefined> | ApiResponse | undefined {
  const { server, request } = state;
  // Whoever comes this far has a user.
  const digest = request as ApiRequest & Digest;
  const flow = flowControl.classify(digest);
  state.flow = flow;
  request.flow = flow;
  const taken = flowControl.take(flow, digest);
  if (taken === undefined) return refuse(state, flowControl.refuse(flow));
  if (!(taken instanceof Promise)) {
    seat(state, taken, kind);
    return undefined;
  }
  server.traffic.waiting(kind, 1);
  return taken.then((ticket) => {
    server.traffic.waiting(kind, -1);
    if (ticket === undefined) return refuse(state, flowControl.refuse(flow));
    seat(state, ticket, kind);
    return undefined;
  });
}

function seat(state: RequestState, ticket: Ticket, kind: RequestKind): void {
  state.ticket = ticket;
  state.slot = kind;
  state.server.traffic.executing(kind, 1);
}

const tooMany = Buffer.from("Too many requests, please try again later.\n");

function refuse({ server, request }: RequestState, seconds: number): ApiResponse {
  server.metrics.dropped(request.info, request.method);
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", "retry-after": String(seconds) };
  return { status: 429, headers, bytes: tooMany };
}

/** Gives back what {@link limit} has taken. */
export function release(state: RequestState): void {
  const { server, ticket, flow, slot } = state;
  if (slot === undefined) return;
  state.slot = undefined;
  server.traffic.executing(slot, -1);
  if (ticket !== undefined && flow !== undefined) server.options.flowControl?.finish(flow, ticket);
  else server.slots[slot].release();
}

/** A watch has its seats while it begins, and is counted among those that hear of writes until it ends. */
export function releaseStarted(state: RequestState, response: ApiResponse): void {
  const { request, server } = state;
  const { stream, watch } = response;
  const { flowControl } = server.options;
  if (flowControl === undefined || (stream === undefined && watch === undefined)) {
    release(state);
    return;
  }
  const forget = flowControl.watches.register(request.info, request.query);
  if (stream !== undefined) {
    response.stream = (sink) => {
      const running = stream(sink);
      release(state);
      if (running instanceof Promise) return running.finally(forget);
      forget();
    };
  } else if (watch !== undefined) {
    response.watch = {
      start: (observer) => {
        watch.start({
          event: (type, object) => observer.event(type, object),
          end: () => {
            forget();
            observer.end();
          },
        });
        release(state);
      },
      stop: () => watch.stop(),
    };
  }
}

/**
 * Milliseconds after which a request is answered 504; its work goes on in the background, as a write that is under way must.
 * Undefined: never. Throws 400 for a `timeout` that is none.
 */
export function deadlineOf({ server, request, longRunning }: RequestState): number | undefined {
  if (longRunning) return undefined;
  const fallback = server.options.requestTimeout ?? 60_000;
  const asked = request.query.size === 0 ? null : request.query.get("timeout");
  if (asked === null || asked === "") return fallback;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(asked);
  if (match === null)
    throw new ApiError(400, "BadRequest", `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(asked)}`);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? "s"] as number;
  const wanted = Number(match[1]) * unit;
  return wanted > 0 ? Math.min(wanted, fallback) : fallback;
}
