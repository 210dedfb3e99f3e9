/**
 * How much of the server a request takes: seats while it is answered, and seats for some time afterwards, while watches are told
 * of what it wrote. Source: `k8s.io/apiserver/pkg/util/flowcontrol/request`.
 */
import type { RequestInfo } from "../request.ts";

export interface WorkEstimate {
  readonly initialSeats: number;
  readonly finalSeats: number;
  /** ms for which the final seats are held after the answer. */
  readonly additionalLatency: number;
}

/** What is stored of a resource. */
export interface ObjectStats {
  readonly count: number;
  readonly averageBytes: number;
}

export interface EstimateInput {
  readonly info: RequestInfo;
  readonly query: () => URLSearchParams;
  /** Undefined: the resource is not known. */
  readonly stats: () => ObjectStats | undefined;
  readonly watchers: () => number;
  /** Most seats of one request at its level; 0: no bound of the level's own. */
  readonly maxSeats: number;
}

const bytesPerSeat = 100_000;
/** A list from memory is streamed: it never holds more than this at once. */
const streamedBytes = 1_000_000;
const maxListSeats = 100;
const maxWriteSeats = 10;
const watchesPerSeat = 10;
/** ms that telling the watches of one seat takes. */
const eventMs = 5;

const one: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalLatency: 0 };

const bounded = (seats: number, own: number, most: number): number => Math.min(seats, own === 0 || own > most ? most : own);

export function estimateWork(input: EstimateInput): WorkEstimate {
  switch (input.info.verb) {
    case "list":
    case "watch":
      return estimateList(input);
    case "create":
    case "update":
    case "patch":
    case "delete":
      return estimateWrite(input);
    default:
      return one;
  }
}

function estimateList({ info, query, stats: statsOf, maxSeats }: EstimateInput): WorkEstimate {
  const q = query();
  const version = q.get("resourceVersion") ?? "";
  const watching = info.verb === "watch";
  // A watch that only goes on costs next to nothing; one that begins with what is there is a list.
  const begins = q.get("sendInitialEvents") === "true" || version === "" || version === "0";
  if (watching && !begins) return one;
  const stats = statsOf();
  if (stats === undefined) return one;
  const limit = Number(q.get("limit") ?? 0);
  const fromCache = watching || !isExact(q, version, limit);
  const limited = limit > 0 && limit < stats.count ? limit : stats.count;
  let loaded = limited;
  if (info.name !== "") loaded = 1;
  else if (!fromCache && (q.has("fieldSelector") || q.has("labelSelector"))) loaded = Math.max(limited, stats.count / 2);
  const bytes = loaded * stats.averageBytes;
  const seats = Math.ceil((fromCache ? Math.min(bytes, streamedBytes) : bytes) / bytesPerSeat);
  return seats <= 1 ? one : { initialSeats: bounded(seats, maxSeats, maxListSeats), finalSeats: 0, additionalLatency: 0 };
}

/** Lists of an older state; upstream reads them from its store. */
function isExact(query: URLSearchParams, version: string, limit: number): boolean {
  const match = query.get("resourceVersionMatch") ?? "";
  if (match === "Exact") return true;
  if (match === "NotOlderThan") return false;
  if ((query.get("continue") ?? "") !== "") return true;
  return limit > 0 && version !== "" && version !== "0";
}

function estimateWrite({ info, watchers, maxSeats }: EstimateInput): WorkEstimate {
  // Tokens are no change of their account.
  if (info.resource === "serviceaccounts" && info.subresource === "token") return one;
  const count = watchers();
  if (count < watchesPerSeat) return one;
  const wanted = Math.ceil(count / watchesPerSeat);
  const work = wanted * eventMs;
  const finalSeats = bounded(wanted, maxSeats, maxWriteSeats);
  return { initialSeats: 1, finalSeats, additionalLatency: work / finalSeats };
}
