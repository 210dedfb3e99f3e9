/** Collects events and hands them on in batches, so that requests do not wait for where they go. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { AuditBackend, AuditFailure } from "./backend.ts";
import type { AuditEvent } from "./event.ts";

export interface BatchOptions {
  /** Events that may wait; more are lost. */
  readonly bufferSize: number;
  readonly maxBatchSize: number;
  /** How long a batch waits to become full, in ms. */
  readonly maxBatchWait: number;
  /** Batches a second, and at once after a rest. Absent: no bound. */
  readonly throttle: { readonly qps: number; readonly burst: number } | undefined;
  /** Batches go on their way beside one another. */
  readonly parallel: boolean;
}

export class BatchBackend implements AuditBackend {
  readonly #next: AuditBackend;
  readonly #options: BatchOptions;
  readonly #clock: Clock;
  readonly #failed: AuditFailure;
  #buffer: AuditEvent[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  readonly #running = new Set<Promise<void>>();
  #closed = false;
  /** Token bucket. */
  #tokens: number;
  #filledAt: number;

  constructor(next: AuditBackend, options: BatchOptions, clock: Clock, failed: AuditFailure) {
    this.#next = next;
    this.#options = options;
    this.#clock = clock;
    this.#failed = failed;
    this.#tokens = options.throttle?.burst ?? 0;
    this.#filledAt = clock.monotonic();
  }

  process(events: readonly AuditEvent[]): boolean {
    if (this.#closed) {
      this.#failed("buffered", "audit backend shut down", events);
      return true;
    }
    for (const [i, event] of events.entries()) {
      if (this.#buffer.length >= this.#options.bufferSize) {
        this.#failed("buffered", "audit buffer queue blocked", events.slice(i));
        return true;
      }
      this.#buffer.push(event);
    }
    if (this.#buffer.length >= this.#options.maxBatchSize) this.#send();
    else this.#timer ??= this.#clock.setTimeout(() => this.#send(), this.#options.maxBatchWait);
    return true;
  }

  #send(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
      if (this.#buffer.length >= this.#options.maxBatchSize) this.#send();
      else if (this.#buffer.length > 0) this.#timer ??= this.#clock.setTimeout(() => this.#send(), this.#options.maxBatchWait);
    });
  }

  /** Sends what is there now, batch by batch. */
  async #drain(): Promise<void> {
    // Events of one turn share a batch.
    await Promise.resolve();
    for (let left = this.#buffer.length; left > 0; ) {
      const batch = this.#buffer.splice(0, Math.min(left, this.#options.maxBatchSize));
      left -= batch.length;
      await this.#throttled();
      const work = Promise.resolve(this.#next.process(batch)).then(() => undefined);
      if (!this.#options.parallel) await work;
      else {
        this.#running.add(work);
        void work.finally(() => this.#running.delete(work));
      }
    }
  }

  async #throttled(): Promise<void> {
    const { throttle } = this.#options;
    if (throttle === undefined || this.#closed) return;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#filledAt) / 1000) * throttle.qps) - 1;
    this.#filledAt = now;
    if (this.#tokens >= 0) return;
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, (-this.#tokens / throttle.qps) * 1000));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#sending;
    if (this.#buffer.length > 0) await this.#drain();
    await Promise.all(this.#running);
    await this.#next.close();
  }
}
