import { ApiError, serviceUnavailable } from "../../core/api-error.ts";
import { isLongRunning } from "../request-info.ts";
import type { RequestState } from "./request-state.ts";

const readVerbs = new Set(["get", "list", "watch", "proxy", "head", "options"]);

/** Bounds what is being answered at once. Watches and streams do not count. */
export function limit(state: RequestState): Promise<undefined> | undefined {
  const { server, request } = state;
  if (server.stopping) throw Object.assign(serviceUnavailable("the server is shutting down"), { retryAfter: 1 });
  state.longRunning = isLongRunning(request.info);
  if (state.longRunning) return undefined;
  const kind = readVerbs.has(request.info.verb) ? "readOnly" : "mutating";
  const waiting = server.slots[kind].take(request.user?.groups.includes("system:masters") === true);
  if (waiting === undefined) {
    state.inFlight = kind;
    return undefined;
  }
  return waiting.then(() => void (state.inFlight = kind));
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
