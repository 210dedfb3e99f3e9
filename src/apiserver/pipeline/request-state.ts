import type { Attributes } from "../../auth/authorizer.ts";
import type { AuditRecord } from "../audit/record.ts";
import type { Flow } from "../flow-control/controller.ts";
import type { Ticket } from "../flow-control/queue-set.ts";
import type { ApiRequest } from "../request.ts";
import type { ServerState } from "../server-state.ts";
import type { RequestKind } from "./traffic.ts";

/** What the steps of the pipeline know of a request beside the request itself. */
export interface RequestState {
  readonly server: ServerState;
  readonly request: ApiRequest;
  /** Counted as in flight under this kind, until it is answered. */
  slot: RequestKind | undefined;
  /** What fairness has made of it: its flow, and the seats that it has. */
  flow: Flow | undefined;
  ticket: Ticket | undefined;
  /** The audit event of this request, once there is one. */
  audit: AuditRecord | undefined;
  /** What audit has been told of it: authorization asks about the same, unless it is somebody else by then. */
  attributes: Attributes | undefined;
  /** Who asks is known, or that nobody can say. */
  authenticated: boolean;
  /** It may be answered: what refuses it from here on is a handler. */
  authorized: boolean;
  /** When it came: milliseconds since the epoch. */
  readonly received: number;
  /** Watches and streams: no deadline, and they do not count as in flight. */
  longRunning: boolean;
}
