/** What fairness tells of itself, under upstream's names. Each series is looked up once: a request counts into cells. */
import type { Clock } from "../../core/clock.ts";
import type { Cell, Counter, Gauge, Histogram, MetricsRegistry, Observations } from "../../core/metrics.ts";
import { TimingFamily, type TimingGauge } from "./timing-gauge.ts";

const prefix = "apiserver_flowcontrol_";
const flowLabels = ["priority_level", "flow_schema"] as const;
const secondBuckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const executing = "executing";
const waiting = "waiting";

/** Gauges that are set when seats are divided anew, by priority level. */
const levelGauges = {
  nominal_limit_seats: "Nominal number of execution seats configured for each priority level",
  lower_limit_seats: "Configured lower bound on number of execution seats available to each priority level",
  upper_limit_seats: "Configured upper bound on number of execution seats available to each priority level",
  current_limit_seats: "current derived number of execution seats available to each priority level",
  target_seats: "Seat allocation targets",
  demand_seats_average: "Time-weighted average, over last adjustment period, of demand_seats",
  demand_seats_stdev: "Time-weighted standard deviation, over last adjustment period, of demand_seats",
  demand_seats_high_watermark: "High watermark, over last adjustment period, of demand_seats",
  demand_seats_smoothed: "Smoothed seat demands",
  current_r: "R(time of last change)",
  dispatch_r: "R(time of last dispatch)",
  latest_s: "S(most recently dispatched request)",
} as const;

export type LevelGauge = keyof typeof levelGauges;

export class FairnessMetrics {
  readonly rejected: Counter;
  readonly dispatched: Counter;
  readonly inQueue: Gauge;
  readonly inQueueSeats: Gauge;
  readonly executing: Gauge;
  readonly executingSeats: Gauge;
  readonly noAccommodation: Counter;
  readonly waits: Histogram;
  readonly executions: Histogram;
  readonly queueLengths: Histogram;
  readonly estimates: Histogram;
  readonly watchCounts: Histogram;
  readonly fairFraction: Gauge;
  readonly requestUtilization: TimingFamily;
  readonly seatUtilization: TimingFamily;
  readonly demand: TimingFamily;
  readonly readVsWrite: TimingFamily;
  readonly #levels: Readonly<Record<LevelGauge, Gauge>>;

  constructor(registry: MetricsRegistry, clock: Clock) {
    const counter = (name: string, help: string, labels: readonly string[]): Counter => registry.counter(prefix + name, help, labels);
    const gauge = (name: string, help: string, labels: readonly string[]): Gauge => registry.gauge(prefix + name, help, labels);
    const histogram = (name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram =>
      registry.histogram(prefix + name, help, labels, buckets);
    const timing = (name: string, what: string, labels: readonly string[], buckets: readonly number[]): TimingFamily => {
      const help = `EXPERIMENTAL: Observations, at the end of every nanosecond, of ${what}`;
      return registry.register(new TimingFamily(prefix + name, help, labels, buckets, () => clock.monotonic()));
    };
    this.rejected = counter("rejected_requests_total", "Number of requests rejected by API Priority and Fairness subsystem", [
      ...flowLabels,
      "reason",
    ]);
    this.dispatched = counter(
      "dispatched_requests_total",
      "Number of requests executed by API Priority and Fairness subsystem",
      flowLabels,
    );
    this.inQueue = gauge(
      "current_inqueue_requests",
      "Number of requests currently pending in queues of the API Priority and Fairness subsystem",
      flowLabels,
    );
    this.inQueueSeats = gauge(
      "current_inqueue_seats",
      "Number of seats currently pending in queues of the API Priority and Fairness subsystem",
      flowLabels,
    );
    this.executing = gauge(
      "current_executing_requests",
      "Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem",
      flowLabels,
    );
    this.executingSeats = gauge(
      "current_executing_seats",
      "Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem",
      flowLabels,
    );
    this.noAccommodation = counter(
      "request_dispatch_no_accommodation_total",
      "Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats",
      ["flow_schema", "priority_level"],
    );
    this.waits = histogram(
      "request_wait_duration_seconds",
      "Length of time a request spent waiting in its queue",
      [...flowLabels, "execute"],
      secondBuckets,
    );
    this.executions = histogram(
      "request_execution_seconds",
      "Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem",
      [...flowLabels, "type"],
      secondBuckets,
    );
    this.queueLengths = histogram(
      "request_queue_length_after_enqueue",
      "Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued",
      flowLabels,
      [0, 10, 25, 50, 100, 250, 500, 1000],
    );
    this.estimates = histogram(
      "work_estimated_seats",
      "Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness",
      flowLabels,
      [1, 2, 4, 8, 16, 32, 64, 100],
    );
    this.watchCounts = histogram(
      "watch_count_samples",
      "count of watchers for mutating requests in API Priority and Fairness",
      flowLabels,
      [0, 1, 10, 100, 1000, 10000],
    );
    this.fairFraction = gauge(
      "seat_fair_frac",
      "Fair fraction of server's concurrency to allocate to each priority level that can use it",
      [],
    );
    const phased = ["priority_level", "phase"];
    this.requestUtilization = timing(
      "priority_level_request_utilization",
      "number of requests (as a fraction of the relevant limit) waiting or in any stage of execution (but only initial stage for WATCHes)",
      phased,
      [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1],
    );
    this.seatUtilization = timing(
      "priority_level_seat_utilization",
      "utilization of seats for any stage of execution (but only initial stage for WATCHes)",
      phased,
      [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
    );
    this.demand = timing(
      "demand_seats",
      "(the number of seats each priority level could use) / (nominal number of seats for that level)",
      ["priority_level"],
      [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6],
    );
    this.readVsWrite = timing(
      "read_vs_write_current_requests",
      "the number of requests (as a fraction of the relevant limit) waiting or in regular stage of execution",
      ["phase", "request_kind"],
      [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
    );
    this.#levels = Object.fromEntries(
      Object.entries(levelGauges).map(([name, help]) => [name, gauge(name, help, ["priority_level"])]),
    ) as Record<LevelGauge, Gauge>;
  }

  setLevel(gauge: LevelGauge, level: string, value: number): void {
    this.#levels[gauge].set(value, { priority_level: level });
  }

  forgetLevel(level: string): void {
    for (const gauge of Object.values(this.#levels)) gauge.delete({ priority_level: level });
  }
}

/** Of one priority level. */
export class LevelFigures {
  readonly #requestsWaiting: TimingGauge;
  readonly #requestsExecuting: TimingGauge;
  readonly #seats: TimingGauge;
  readonly #demand: TimingGauge;
  lastDispatchR = 0;
  lastS = 0;

  constructor(metrics: FairnessMetrics, level: string) {
    this.#requestsWaiting = metrics.requestUtilization.gauge([level, waiting], 1);
    this.#requestsExecuting = metrics.requestUtilization.gauge([level, executing], 1);
    this.#seats = metrics.seatUtilization.gauge([level, executing], 1);
    this.#demand = metrics.demand.gauge([level], 1);
  }

  limits(queued: number, seats: number, now: number): void {
    this.#requestsWaiting.setDenominator(queued, now);
    this.#requestsExecuting.setDenominator(seats, now);
    this.#seats.setDenominator(seats, now);
    this.#demand.setDenominator(seats, now);
  }

  waiting(by: number, now: number): void {
    this.#requestsWaiting.add(by, now);
  }

  executing(requests: number, seats: number, now: number): void {
    if (requests !== 0) this.#requestsExecuting.add(requests, now);
    if (seats !== 0) this.#seats.add(seats, now);
  }

  demand(seats: number, now: number): void {
    this.#demand.set(seats, now);
  }

  dispatched(currentR: number, startR: number): void {
    this.lastDispatchR = currentR;
    this.lastS = startR;
  }
}

/** Of the requests of one flow schema at its priority level. */
export class FlowFigures {
  readonly schema: string;
  readonly level: string;
  readonly #metrics: FairnessMetrics;
  readonly #labels: { readonly flow_schema: string; readonly priority_level: string };
  readonly #dispatched: Cell;
  readonly #executing: Cell;
  readonly #executingSeats: Cell;
  readonly #estimates: Observations;
  #inQueue: Cell | undefined;
  #inQueueSeats: Cell | undefined;
  #queueLengths: Observations | undefined;
  #waits: Observations | undefined;
  #executions: { readonly regular: Observations; watch: Observations | undefined } | undefined;

  constructor(metrics: FairnessMetrics, schema: string, level: string) {
    this.#metrics = metrics;
    this.schema = schema;
    this.level = level;
    const labels = { flow_schema: schema, priority_level: level };
    this.#labels = labels;
    this.#dispatched = metrics.dispatched.cell(labels);
    this.#executing = metrics.executing.cell(labels);
    this.#executingSeats = metrics.executingSeats.cell(labels);
    this.#estimates = metrics.estimates.series(labels);
  }

  estimated(seats: number): void {
    this.#estimates.observe(seats);
  }

  watchers(count: number): void {
    this.#metrics.watchCounts.observe(count, this.#labels);
  }

  enqueued(seats: number, length: number): void {
    (this.#inQueue ??= this.#metrics.inQueue.cell(this.#labels)).value++;
    (this.#inQueueSeats ??= this.#metrics.inQueueSeats.cell(this.#labels)).value += seats;
    (this.#queueLengths ??= this.#metrics.queueLengths.series(this.#labels)).observe(length);
  }

  dequeued(seats: number): void {
    if (this.#inQueue !== undefined) this.#inQueue.value--;
    if (this.#inQueueSeats !== undefined) this.#inQueueSeats.value -= seats;
  }

  /** Seconds in a queue, of a request that was let go on. */
  waited(seconds: number): void {
    (this.#waits ??= this.#metrics.waits.series({ ...this.#labels, execute: "true" })).observe(seconds);
  }

  waitedInVain(seconds: number): void {
    this.#metrics.waits.observe(seconds, { ...this.#labels, execute: "false" });
  }

  started(seats: number): void {
    this.#dispatched.value++;
    this.#executing.value++;
    this.#executingSeats.value += seats;
  }

  finished(seconds: number, watch = false): void {
    this.#executing.value--;
    const series = (this.#executions ??= {
      regular: this.#metrics.executions.series({ ...this.#labels, type: "regular" }),
      watch: undefined,
    });
    if (!watch) series.regular.observe(seconds);
    else (series.watch ??= this.#metrics.executions.series({ ...this.#labels, type: "watch" })).observe(seconds);
  }

  released(seats: number): void {
    this.#executingSeats.value -= seats;
  }

  reject(reason: string): void {
    this.#metrics.rejected.inc({ ...this.#labels, reason });
  }

  noAccommodation(): void {
    this.#metrics.noAccommodation.inc(this.#labels);
  }
}
