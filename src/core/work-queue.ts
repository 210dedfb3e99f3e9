/**
 * A queue of keys for controllers, with client-go's semantics: a key waits at most once, is never handed to two workers at
 * once, and one that is added while it is being worked on comes again afterwards. Delayed and rate-limited adds wait in a
 * heap behind one timer.
 */
import type { RetryLimiter } from "./backoff.ts";
import { defaultRetryLimiter } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";
import { KeyedHeap } from "./heap.ts";
import type { Counter, Gauge, Histogram, MetricsRegistry } from "./metrics.ts";

export interface WorkQueueOptions<K> {
  clock: Clock;
  /** The metrics' label `name`. */
  name?: string;
  metrics?: MetricsRegistry;
  /** {@link defaultRetryLimiter} when absent. */
  limiter?: RetryLimiter<K>;
}

interface Waiting<K> {
  key: K;
  due: number;
}

export class WorkQueue<K> {
  readonly #clock: Clock;
  readonly #limiter: RetryLimiter<K>;
  readonly #metrics: QueueMetrics<K> | undefined;
  /** Two stacks make a queue whose every operation is O(1) on average. */
  #front: K[] = [];
  #back: K[] = [];
  readonly #dirty = new Set<K>();
  readonly #processing = new Set<K>();
  readonly #takers: ((key: K | undefined) => void)[] = [];
  readonly #waiting = new KeyedHeap<K, Waiting<K>>(
    (w) => w.key,
    (a, b) => a.due < b.due,
  );
  #timer: { at: number; timer: Timer } | undefined;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions<K>) {
    this.#clock = options.clock;
    this.#limiter = options.limiter ?? defaultRetryLimiter<K>(options.clock);
    if (options.metrics !== undefined) {
      this.#metrics = new QueueMetrics<K>(options.metrics, options.name ?? "", options.clock);
    }
  }

  /** Keys that wait for a worker; delayed ones are not among them. */
  get length(): number {
    return this.#front.length + this.#back.length;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#waiting.size;
  }

  add(key: K): void {
    if (this.#stopped || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#metrics?.added(key);
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Adds `key` in `ms`. A key that waits already keeps the earlier time. */
  addAfter(key: K, ms: number): void {
    if (this.#stopped) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const due = this.#clock.monotonic() + ms;
    const known = this.#waiting.get(key);
    if (known !== undefined && known.due <= due) return;
    this.#waiting.set({ key, due });
    this.#arm();
  }

  addRateLimited(key: K): void {
    if (this.#stopped) return;
    this.#metrics?.retried();
    this.addAfter(key, this.#limiter.when(key));
  }

  forget(key: K): void {
    this.#limiter.forget(key);
  }

  retries(key: K): number {
    return this.#limiter.retries(key);
  }

  /** The next key, which must be given back with {@link done}; undefined once the queue is stopped and empty. */
  get(): Promise<K | undefined> {
    const key = this.#dequeue();
    if (key !== undefined || this.#stopped) return Promise.resolve(key);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The next key if one is there now. */
  tryGet(): K | undefined {
    return this.#dequeue();
  }

  done(key: K): void {
    this.#processing.delete(key);
    this.#metrics?.finished(key);
    if (this.#dirty.has(key)) this.#enqueue(key);
    else this.#checkIdle();
  }

  /** No more adds; what waits for a worker is still handed out, what waits for its time is dropped. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
    for (const take of this.#takers.splice(0)) take(undefined);
  }

  /** Resolves when no key waits for a worker or is being worked on. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.length > 0 || this.#processing.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #enqueue(key: K): void {
    this.#back.push(key);
    const take = this.#takers.shift();
    if (take !== undefined) take(this.#dequeue());
  }

  #dequeue(): K | undefined {
    if (this.#front.length === 0) {
      if (this.#back.length === 0) return undefined;
      this.#front = this.#back.reverse();
      this.#back = [];
    }
    const key = this.#front.pop() as K;
    this.#processing.add(key);
    this.#dirty.delete(key);
    this.#metrics?.started(key);
    return key;
  }

  #arm(): void {
    const next = this.#waiting.peek();
    if (next === undefined) return;
    if (this.#timer !== undefined) {
      if (this.#timer.at <= next.due) return;
      this.#timer.timer.cancel();
    }
    const timer = this.#clock.setTimeout(() => this.#wake(), next.due - this.#clock.monotonic());
    this.#timer = { at: next.due, timer };
  }

  #wake(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (;;) {
      const next = this.#waiting.peek();
      if (next === undefined || next.due > now) break;
      this.#waiting.pop();
      this.add(next.key);
    }
    this.#arm();
  }
}

const buckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];

/** The families `workqueue_*` under their upstream names and help texts of our own. */
class QueueMetrics<K> {
  readonly #labels: { name: string };
  readonly #clock: Clock;
  readonly #adds: Counter;
  readonly #depth: Gauge;
  readonly #latency: Histogram;
  readonly #duration: Histogram;
  readonly #retries: Counter;
  readonly #addedAt = new Map<K, number>();
  readonly #startedAt = new Map<K, number>();

  constructor(registry: MetricsRegistry, name: string, clock: Clock) {
    this.#labels = { name };
    this.#clock = clock;
    this.#adds = registry.counter("workqueue_adds_total", "Keys added to the queue.", ["name"]);
    this.#depth = registry.gauge("workqueue_depth", "Keys that wait for a worker.", ["name"]);
    this.#latency = registry.histogram("workqueue_queue_duration_seconds", "How long keys waited for a worker.", ["name"], buckets);
    this.#duration = registry.histogram("workqueue_work_duration_seconds", "How long working on a key took.", ["name"], buckets);
    this.#retries = registry.counter("workqueue_retries_total", "Keys put back after a failure.", ["name"]);
    const unfinished = registry.gauge("workqueue_unfinished_work_seconds", "Seconds of work in progress, summed over the workers.", [
      "name",
    ]);
    const longest = registry.gauge("workqueue_longest_running_processor_seconds", "How long the slowest worker is at its key.", ["name"]);
    this.#adds.inc(this.#labels, 0);
    this.#retries.inc(this.#labels, 0);
    this.#depth.set(0, this.#labels);
    registry.onCollect(() => {
      const now = clock.monotonic();
      let sum = 0;
      let max = 0;
      for (const at of this.#startedAt.values()) {
        sum += now - at;
        max = Math.max(max, now - at);
      }
      unfinished.set(sum / 1000, this.#labels);
      longest.set(max / 1000, this.#labels);
    });
  }

  added(key: K): void {
    this.#adds.inc(this.#labels);
    this.#depth.inc(this.#labels);
    if (!this.#addedAt.has(key)) this.#addedAt.set(key, this.#clock.monotonic());
  }

  started(key: K): void {
    const now = this.#clock.monotonic();
    this.#depth.dec(this.#labels);
    this.#startedAt.set(key, now);
    const at = this.#addedAt.get(key);
    if (at !== undefined) this.#latency.observe((now - at) / 1000, this.#labels);
    this.#addedAt.delete(key);
  }

  finished(key: K): void {
    const at = this.#startedAt.get(key);
    if (at !== undefined) this.#duration.observe((this.#clock.monotonic() - at) / 1000, this.#labels);
    this.#startedAt.delete(key);
  }

  retried(): void {
    this.#retries.inc(this.#labels);
  }
}
