import { ApiError, serviceUnavailable } from "../../core/api-error.ts";
import { isLongRunning } from "../request-info.ts";
import type { ApiResponse } from "../request.ts";
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

/** Ends a request that takes too long. Its work goes on in the background, as a write that is under way must. */
export function withDeadline(state: RequestState, work: Promise<ApiResponse>): Promise<ApiResponse> {
  if (state.longRunning) return work;
  return state.server.deadlines.race(work, deadlineOf(state));
}

function deadlineOf({ server, request }: RequestState): number {
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
