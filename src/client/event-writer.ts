/** The queue behind a recorder: bounded, tried again; one write after another unless order does not matter. */
import { hasReason, isApiError } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { sleep } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";

export interface EventWriterOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  /** More than these waiting are dropped. 1000 when absent. */
  readonly maxQueued?: number;
  /** Writes under way at once. 1 when absent: a later event then finds the earlier one. */
  readonly parallel?: number;
}

const maxTries = 12;
const retryDelay = 10_000;

export class EventWriter {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal | undefined;
  readonly #maxQueued: number;
  readonly #parallel: number;
  #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #dropped = 0;
  #idle: (() => void)[] = [];

  constructor(options: EventWriterOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#signal = options.signal;
    this.#maxQueued = options.maxQueued ?? 1000;
    this.#parallel = options.parallel ?? 1;
  }

  /** `write` rejects with what the server answered. False: too many wait, it was dropped. */
  add(write: () => Promise<void>): boolean {
    if (this.#signal?.aborted) return false;
    if (this.#waiting.length >= this.#maxQueued) {
      if (this.#dropped++ % 1000 === 0) this.#log.warn("too many events wait to be written: some are dropped", { dropped: this.#dropped });
      return false;
    }
    this.#waiting.push(write);
    this.#next();
    return true;
  }

  /** Resolves when everything that was added has been written or given up. */
  flush(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    while (this.#running < this.#parallel && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#parallel - this.#running);
      for (const write of batch) {
        this.#running++;
        this.#attempt(write)
          .catch((error: unknown) => this.#log.error("writing an event failed", { error }))
          .finally(() => {
            this.#running--;
            this.#next();
          });
      }
    }
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    for (let tries = 1; tries <= maxTries && !this.#signal?.aborted; tries++) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.#signal?.aborted) return;
        if (!unreachable(error)) {
          const expected = hasReason(error, "AlreadyExists") || (hasReason(error, "Forbidden") && isTerminating(error));
          this.#log[expected ? "debug" : "warn"]("the server refused an event", { error });
          return;
        }
        this.#log.debug("an event could not be written", { error, tries });
      }
      const delay = tries === 1 ? retryDelay * Math.random() : retryDelay;
      await sleep(this.#clock, delay, this.#signal).catch((error: unknown) => {
        if (!this.#signal?.aborted) throw error;
      });
    }
  }
}

/** The server did not judge the event: worth another try. */
function unreachable(error: unknown): boolean {
  return !isApiError(error) || error.code === 503 || error.code === 504 || error.code === 429;
}

function isTerminating(error: unknown): boolean {
  return isApiError(error) && (error.details?.causes ?? []).some((c) => c.reason === "NamespaceTerminating");
}
