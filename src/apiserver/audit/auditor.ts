/** Audit as the pipeline sees it: begins a record where the policy wants one, and ends it with the answer. */
import type { Attributes } from "../../auth/authorizer.ts";
import { internalError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Counter, MetricsRegistry } from "../../core/metrics.ts";
import type { ApiRequest, ApiResponse, ResponseSink } from "../request.ts";
import { auditIdOf } from "./audit-id.ts";
import { annotate } from "./annotations.ts";
import type { AuditBackend } from "./backend.ts";
import { type AuditEvent, legacyLine } from "./event.ts";
import { evaluatePolicy } from "./policy-rules.ts";
import type { AuditPolicy } from "./policy-types.ts";
import { AuditRecord, type RecordSink } from "./record.ts";

export interface AuditorOptions {
  readonly policy: AuditPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

/** From here on the parts of a request's time are told in its event. */
const slowMs = 500;

export class Auditor implements RecordSink {
  readonly #policy: AuditPolicy;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events: Counter;
  readonly #errors: Counter;
  readonly #levels: Counter;
  readonly #rejected: Counter;
  #backend: AuditBackend | undefined;
  readonly #pending = new Set<Promise<boolean>>();

  /** {@link attach} a backend before the first request. */
  constructor({ policy, clock, log, metrics }: AuditorOptions) {
    this.#policy = policy;
    this.#clock = clock;
    this.#log = log;
    this.#events = metrics.counter("apiserver_audit_event_total", "Counter of audit events generated and sent to the audit backend.");
    this.#errors = metrics.counter(
      "apiserver_audit_error_total",
      "Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.",
      ["plugin"],
    );
    this.#levels = metrics.counter("apiserver_audit_level_total", "Counter of policy levels for audit events (1 per request).", ["level"]);
    this.#rejected = metrics.counter(
      "apiserver_audit_requests_rejected_total",
      "Counter of apiserver requests rejected due to an error in audit logging backend.",
    );
  }

  attach(backend: AuditBackend): void {
    this.#backend = backend;
  }

  /** Events are lost: counted, and their lines go to the log instead. */
  readonly failed = (plugin: string, why: string, events: readonly AuditEvent[]): void => {
    this.#errors.inc({ plugin }, events.length);
    const lines = events.slice(0, 10).map(legacyLine);
    this.#log.error(`Error in audit plugin '${plugin}' affecting ${events.length} audit events: ${why}`, { impacted: lines });
  };

  now(): number {
    return this.#clock.now();
  }

  send(event: AuditEvent): boolean | Promise<boolean> {
    this.#events.inc();
    return this.#backend?.process([event]) ?? true;
  }

  /** Before authentication: what that has to say is kept. */
  receive(request: ApiRequest): void {
    request.auditAnnotations = new Map();
  }

  /** After authentication. Undefined: nothing is told of this request. Throws when the event could not be kept (blocking-strict). */
  begin(request: ApiRequest, attributes: Attributes, received: number): AuditRecord | Promise<AuditRecord> | undefined {
    const record = this.#record(request, attributes, received);
    if (record === undefined) return undefined;
    const kept = record.stage("RequestReceived");
    if (kept === true) return record;
    return Promise.resolve(kept).then((well) => {
      if (well) return record;
      this.#rejected.inc();
      throw internalError("failed to store audit event");
    });
  }

  #record(request: ApiRequest, attributes: Attributes, received: number): AuditRecord | undefined {
    const config = evaluatePolicy(this.#policy, attributes);
    this.#levels.inc({ level: config.level });
    if (config.level === "None") {
      request.auditAnnotations = undefined;
      return undefined;
    }
    auditIdOf(request);
    const record = new AuditRecord(request, config, received, this);
    request.audit = record;
    return record;
  }

  /** A request that nobody could authenticate: one event, and no user. */
  refused(request: ApiRequest, attributes: Attributes, received: number, response: ApiResponse): Promise<boolean> | undefined {
    const record = this.#record(request, attributes, received);
    if (record === undefined) return undefined;
    record.answered(response);
    return this.#waiting(record.stage("ResponseStarted"));
  }

  /**
   * The answer is known: tells it, at once or, for what lasts, when it begins and when it has ended. A promise is given where
   * the answer has to wait for it.
   */
  answered(record: AuditRecord, request: ApiRequest, response: ApiResponse, longRunning: boolean): Promise<boolean> | undefined {
    record.answered(response);
    const begun = longRunning ? this.#waiting(record.stage("ResponseStarted")) : undefined;
    const complete = (): Promise<boolean> | undefined => {
      this.#tellTimes(record, request);
      return this.#waiting(record.stage("ResponseComplete"));
    };
    const { stream, watch } = response;
    if (stream !== undefined) response.stream = (sink) => ended(stream(sink), () => void complete());
    else if (watch !== undefined) {
      response.watch = {
        start: (observer) =>
          watch.start({
            event: (type, object) => observer.event(type, object),
            end: () => {
              void complete();
              observer.end();
            },
          }),
        stop: () => watch.stop(),
      };
    } else if (response.hijacked === true && request.upgrade !== undefined && !request.upgrade.socket.destroyed) {
      request.upgrade.socket.once("close", () => void complete());
    } else return complete();
    return begun;
  }

  #waiting(kept: boolean | Promise<boolean>): Promise<boolean> | undefined {
    if (typeof kept === "boolean") return undefined;
    this.#pending.add(kept);
    void kept.finally(() => this.#pending.delete(kept));
    return kept;
  }

  #tellTimes(record: AuditRecord, request: ApiRequest): void {
    const ms = record.elapsed();
    if (ms <= slowMs || request.info.verb === "watch") return;
    annotate(request, "apiserver.latency.k8s.io/total", `${ms / 1000}s`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#backend?.close();
  }
}

function ended(work: ReturnType<(sink: ResponseSink) => void | Promise<void>>, run: () => void): void | Promise<void> {
  if (work instanceof Promise) return work.finally(run);
  run();
}
