/** `/debug/api_priority_and_fairness/…`: what waits and what is answered, as lines of columns. */
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";
import type { Digest, FlowControl } from "./controller.ts";
import { formatGoDuration } from "../../core/go-duration.ts";
import type { Ticket } from "./queue-set.ts";

const path = "/debug/api_priority_and_fairness/";

/** Adds the three pages. */
export function addFlowControlDumps(
  server: Pick<ApiServer, "addRoute">,
  flowControl: FlowControl,
  now: () => { epoch: number; monotonic: number },
): void {
  const page = (name: string, lines: (request: ApiRequest) => string[][]): void =>
    void server.addRoute({ path: `${path}${name}`, handle: (request) => answer(lines(request)) });
  page("dump_priority_levels", () => levels(flowControl));
  page("dump_queues", () => queues(flowControl));
  page("dump_requests", (request) => {
    const { epoch, monotonic } = now();
    return requests(flowControl, (request.query.get("includeRequestDetails") ?? "") !== "", epoch - monotonic);
  });
}

/** Columns are set apart as Go's tabwriter does: to the widest cell, at least eight wide. */
function answer(rows: readonly string[][]): ApiResponse {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(8, ...rows.map((row) => (i < row.length - 1 ? (row[i]?.length ?? 0) + 2 : 0))),
  );
  const lines = rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : `${cell},`.padEnd(widths[i] as number))).join(""));
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, bytes: Buffer.from(`${lines.join("\n")}\n`) };
}

function levels(flowControl: FlowControl): string[][] {
  const rows = [...flowControl.levels.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, queues: set, quiescing }) => [
      name,
      String(set.queues.filter((queue) => queue.waiting.length > 0).length),
      String(set.idle),
      String(quiescing),
      String(set.waiting),
      String(set.executing),
      String(set.totals.dispatched),
      String(set.totals.rejected),
      String(set.totals.timedOut),
      String(set.totals.cancelled),
    ]);
  const head =
    "PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests ExecutingRequests DispatchedRequests RejectedRequests TimedoutRequests CancelledRequests";
  return [head.split(" "), ...rows];
}

function queues(flowControl: FlowControl): string[][] {
  const rows = [...flowControl.levels.values()].flatMap((level) =>
    level.queues.queues.map((queue, i) => [
      level.name,
      String(i),
      String(queue.waiting.length),
      String(queue.executing.size),
      String(queue.seatsInUse),
      seatSeconds(queue.nextDispatchR),
      String(queue.waiting.reduce((sum, ticket) => sum + ticket.estimate.initialSeats, 0)),
      String(queue.seatsWaiting),
      seatSeconds(queue.workWaiting),
    ]),
  );
  const head =
    "PriorityLevelName Index PendingRequests ExecutingRequests SeatsInUse NextDispatchR InitialSeatsSum MaxSeatsSum TotalWorkSum";
  return [head.split(" "), ...rows];
}

function seatSeconds(value: number): string {
  return `${value.toFixed(8)}ss`;
}

function requests(flowControl: FlowControl, details: boolean, toEpoch: number): string[][] {
  const time = (monotonic: number): string => (monotonic === 0 ? "0001-01-01T00:00:00Z" : new Date(monotonic + toEpoch).toISOString());
  const row = (level: string, queue: number, index: number, ticket: Ticket): string[] => [
    level,
    ticket.flow.schema,
    String(queue),
    String(index),
    ticket.distinguisher,
    time(ticket.arrivedAt),
    String(ticket.estimate.initialSeats),
    String(ticket.estimate.finalSeats),
    formatGoDuration(ticket.estimate.additionalLatency),
    time(ticket.startedAt),
    ...(details ? detailsOf(ticket.subject as Digest) : []),
  ];
  const rows = [...flowControl.levels.values()].flatMap(({ name, queues: set }) => [
    ...set.queues.flatMap((queue, i) => [
      ...queue.waiting.map((ticket, j) => row(name, i, j, ticket)),
      ...[...queue.executing].map((ticket) => row(name, i, -1, ticket)),
    ]),
    ...[...set.queueless].map((ticket) => row(name, -1, -1, ticket)),
  ]);
  const head =
    "PriorityLevelName FlowSchemaName QueueIndex RequestIndexInQueue FlowDistingsher ArriveTime InitialSeats FinalSeats AdditionalLatency StartTime";
  const more = "UserName Verb APIPath Namespace Name APIVersion Resource SubResource";
  return [[...head.split(" "), ...(details ? more.split(" ") : [])], ...rows];
}

function detailsOf({ user, info }: Digest): string[] {
  const version = info.group === "" ? info.version : `${info.group}/${info.version}`;
  return [user.name, info.verb, info.path, info.namespace, info.name, version, info.resource, info.subresource];
}
