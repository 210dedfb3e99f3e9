/** The queue behind a recorder: one write after another, so that a later event finds the earlier one; bounded, tried again. */
import { hasReason, isApiError } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { sleep } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";

const maxQueued = 1000;
const maxTries = 12;
const retryDelay = 10_000;

export class EventWriter {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal | undefined;
  #queued = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(clock: Clock, log: Logger, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#log = log;
    this.#signal = signal;
  }

  /** `write` rejects with what the server answered. Drops it when too many wait. */
  add(write: () => Promise<void>): void {
    if (this.#signal?.aborted) return;
    if (this.#queued >= maxQueued) {
      this.#log.warn("too many events wait to be written: one was dropped");
      return;
    }
    this.#queued++;
    this.#tail = this.#tail.then(() => this.#attempt(write)).finally(() => this.#queued--);
  }

  /** Resolves when everything that was added has been written or given up. */
  async flush(): Promise<void> {
    await this.#tail;
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
