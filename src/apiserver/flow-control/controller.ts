/**
 * API priority and fairness (KEP-1040): flow schemas sort requests into priority levels, each of which has seats of its own,
 * lends some and borrows others, and lets requests wait in fair queues when its seats are taken.
 */
import type { UserInfo } from "../../auth/user.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../../schema/types/flowcontrol-v1.ts";
import type { RequestInfo } from "../request.ts";
import { DroppedRequests } from "./dropped-requests.ts";
import { FairnessMetrics, FlowFigures } from "./figures.ts";
import { isExempt, PriorityLevel } from "./level.ts";
import { inPrecedence, SchemaMatcher } from "./matching.ts";
import type { Ticket } from "./queue-set.ts";
import { divideSeats } from "./seats.ts";
import { WatchTracker } from "./watch-tracker.ts";
import { estimateWork, type ObjectStats } from "./work-estimate.ts";

const adjustmentMs = 10_000;

export interface FlowControlOptions {
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  /** All seats: `--max-requests-inflight` and `--max-mutating-requests-inflight` together. */
  readonly seats: number;
  /** Longest wait in a queue, in ms: a quarter of `--request-timeout`. */
  readonly longestWait: number;
  /** Used where the API has none of the name: `exempt` and `catch-all` of both kinds. */
  readonly mandatory: { readonly levels: readonly PriorityLevelConfiguration[]; readonly schemas: readonly FlowSchema[] };
}

/** A flow schema, with its level. */
export interface Flow {
  readonly schema: FlowSchema;
  readonly level: PriorityLevel;
  readonly figures: FlowFigures;
  readonly schemaUid: string;
  readonly levelUid: string;
  /** Kept apart by user, by namespace, or not at all. */
  readonly distinguisher: "ByUser" | "ByNamespace" | undefined;
}

/** What fairness looks at of a request. */
export interface Digest {
  readonly user: UserInfo;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  /** When its client goes, it does not wait on. */
  readonly signal: AbortSignal;
}

export type StatsOf = (info: RequestInfo) => ObjectStats | undefined;

export class FlowControl {
  readonly #options: FlowControlOptions;
  readonly metrics: FairnessMetrics;
  readonly watches: WatchTracker = new WatchTracker();
  readonly #dropped = new DroppedRequests();
  readonly #levels = new Map<string, PriorityLevel>();
  #matcher: SchemaMatcher<Flow> = new SchemaMatcher([]);
  #catchAll: Flow | undefined;
  /** Seats of all levels: rounding up, they are a little more than the server's. */
  #nominalSum = 0;
  #timer: Timer | undefined;
  #configuration: { levels: readonly PriorityLevelConfiguration[]; schemas: readonly FlowSchema[] } = { levels: [], schemas: [] };
  /** What is stored of a resource: asked for lists. */
  statsOf: StatsOf = () => undefined;

  constructor(options: FlowControlOptions) {
    this.#options = options;
    this.metrics = new FairnessMetrics(options.metrics, options.clock);
    options.metrics.onCollect(() => this.#collect());
    this.configure([], []);
  }

  /** All seats, and all places in queues. */
  get seats(): number {
    return this.#nominalSum;
  }

  get places(): number {
    let places = 0;
    for (const { configuration } of this.#levels.values()) {
      const queuing = configuration.spec?.limited?.limitResponse?.queuing;
      places += (queuing?.queues ?? 0) * (queuing?.queueLengthLimit ?? 0);
    }
    return places;
  }

  get levels(): ReadonlyMap<string, PriorityLevel> {
    return this.#levels;
  }

  /** Divides seats anew every ten seconds from now on. */
  start(): void {
    this.#timer ??= this.#options.clock.setInterval(() => this.#adjust(), adjustmentMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** What the API says now. Broken levels are passed over, and with them the schemas that name them. */
  configure(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void {
    this.#configuration = { levels, schemas };
    const { clock, mandatory, seats } = this.#options;
    const wanted = new Map(mandatory.levels.map((level) => [level.metadata?.name ?? "", level]));
    for (const level of levels) if (PriorityLevel.isSound(level)) wanted.set(level.metadata?.name ?? "", level);
    for (const [name, configuration] of wanted) {
      const known = this.#levels.get(name);
      if (known !== undefined) known.configuration = configuration;
      else this.#levels.set(name, new PriorityLevel(name, configuration, clock, this.metrics));
    }
    for (const [name, level] of this.#levels) {
      level.quiescing = !wanted.has(name);
      if (level.quiescing && level.queues.idle) {
        this.#levels.delete(name);
        this.metrics.forgetLevel(name);
      }
    }
    const shares = [...this.#levels.values()].reduce((sum, level) => sum + level.shares, 0);
    this.#nominalSum = 0;
    for (const level of this.#levels.values()) {
      level.setNominal(seats, shares);
      this.#nominalSum += level.nominal;
    }
    this.#match(schemas, wanted);
    this.#adjust();
  }

  #match(schemas: readonly FlowSchema[], wanted: ReadonlyMap<string, unknown>): void {
    const byName = new Map(this.#options.mandatory.schemas.map((schema) => [schema.metadata?.name ?? "", schema]));
    for (const schema of schemas) byName.set(schema.metadata?.name ?? "", schema);
    const rows = inPrecedence([...byName.values()]).flatMap((schema) => {
      const name = schema.spec?.priorityLevelConfiguration.name ?? "";
      const level = wanted.has(name) ? this.#levels.get(name) : undefined;
      return level === undefined ? [] : [{ schema, of: this.#flow(schema, level) }];
    });
    this.#matcher = new SchemaMatcher(rows);
    this.#catchAll = rows.find(({ schema }) => schema.metadata?.name === "catch-all")?.of;
  }

  #flow(schema: FlowSchema, level: PriorityLevel): Flow {
    const method = schema.spec?.distinguisherMethod?.type;
    return {
      schema,
      level,
      figures: new FlowFigures(this.metrics, schema.metadata?.name ?? "", level.name),
      schemaUid: schema.metadata?.uid ?? "",
      levelUid: level.configuration.metadata?.uid ?? "",
      distinguisher: method === "ByUser" || method === "ByNamespace" ? method : undefined,
    };
  }

  #adjust(): void {
    divideSeats([...this.#levels.values()], this.#nominalSum, this.#options.seats, this.#options.clock.monotonic(), this.metrics);
    const left = [...this.#levels.values()].some((level) => level.quiescing && level.queues.idle);
    if (left) this.configure(this.#configuration.levels, this.#configuration.schemas);
  }

  #collect(): void {
    for (const level of this.#levels.values()) {
      const { queues, name } = level;
      this.metrics.setLevel("current_r", name, queues.currentR);
      if (queues.figures.lastDispatchR === 0) continue;
      this.metrics.setLevel("dispatch_r", name, queues.figures.lastDispatchR);
      this.metrics.setLevel("latest_s", name, queues.figures.lastS);
    }
  }

  classify({ user, info }: Digest): Flow {
    const flow = this.#matcher.match(user, info) ?? this.#catchAll;
    if (flow === undefined) throw new Error("there is no catch-all flow schema");
    return flow;
  }

  /** Seats for a request, now or later; undefined: refused. Each ticket must be given back to {@link finish}. */
  take(flow: Flow, digest: Digest): Ticket | Promise<Ticket | undefined> | undefined {
    const { level, figures } = flow;
    const { info } = digest;
    const estimate = estimateWork({
      info,
      query: () => digest.query,
      stats: () => this.statsOf(info),
      watchers: () => {
        const count = this.watches.interested(info);
        figures.watchers(count);
        return count;
      },
      maxSeats: level.maxSeats,
    });
    figures.estimated(Math.max(estimate.initialSeats, estimate.finalSeats));
    const by = level.queueCount > 1 ? flow.distinguisher : undefined;
    const distinguisher = by === undefined ? "" : by === "ByUser" ? digest.user.name : info.namespace;
    const ticket = level.queues.start(figures, distinguisher, estimate, digest);
    if (ticket === undefined) return undefined;
    if (ticket.state === "waiting") return this.#wait(level, ticket, digest.signal);
    if (!isExempt(level.configuration)) figures.waited(0);
    return ticket;
  }

  #wait(level: PriorityLevel, ticket: Ticket, signal: AbortSignal): Promise<Ticket | undefined> {
    const { clock, longestWait } = this.#options;
    const gone = (): void => level.queues.cancel(ticket, false);
    return new Promise((resolve) => {
      ticket.decide = (execute) => {
        signal.removeEventListener("abort", gone);
        const seconds = (clock.monotonic() - ticket.arrivedAt) / 1000;
        if (execute) ticket.flow.waited(seconds);
        else ticket.flow.waitedInVain(seconds);
        resolve(execute ? ticket : undefined);
      };
      ticket.timer = clock.setTimeout(() => level.queues.cancel(ticket, true), longestWait);
      signal.addEventListener("abort", gone, { once: true });
      if (signal.aborted) gone();
    });
  }

  finish(flow: Flow, ticket: Ticket): void {
    flow.level.queues.finish(ticket);
    if (flow.level.quiescing && flow.level.queues.idle) this.configure(this.#configuration.levels, this.#configuration.schemas);
  }

  /** Notes that a request was refused; answers the seconds after which its client may try again. */
  refuse(flow: Flow): number {
    return this.#dropped.record(flow.level.name, this.#options.clock.now());
  }
}
