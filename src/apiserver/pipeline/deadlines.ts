import { ApiError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";

interface Waiting {
  readonly due: number;
  readonly expire: () => void;
}

/** Deadlines of many requests on one coarse timer, which runs only while somebody waits. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The outcome of `work`, or after `ms` (give or take a second) a 504. */
  race<T>(work: Promise<T>, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        due: this.#clock.monotonic() + ms,
        expire: () =>
          reject(new ApiError(504, "Timeout", "Timeout: request did not complete within the allotted timeout", { retryAfterSeconds: 1 })),
      };
      this.#waiting.add(waiting);
      this.#arm();
      const done = (): void => void this.#waiting.delete(waiting);
      work.then(
        (value) => {
          done();
          resolve(value);
        },
        (error: unknown) => {
          done();
          reject(error as Error);
        },
      );
    });
  }

  #arm(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#clock.setTimeout(() => this.#sweep(), 1000);
  }

  #sweep(): void {
    this.#sweeping = false;
    const now = this.#clock.monotonic();
    for (const waiting of this.#waiting) {
      if (waiting.due > now) continue;
      this.#waiting.delete(waiting);
      waiting.expire();
    }
    if (this.#waiting.size > 0) this.#arm();
  }
}
