/** What has been known of a figure over time: its average, deviation and maximum since it was last asked. */
export interface Integral {
  /** ms */
  readonly duration: number;
  readonly average: number;
  readonly deviation: number;
  readonly max: number;
}

export class Integrator {
  #value = 0;
  #since: number;
  #start: number;
  #sum = 0;
  #squares = 0;
  #max = 0;

  /** `now`: monotonic ms, here and everywhere. */
  constructor(now: number) {
    this.#since = now;
    this.#start = now;
  }

  set(value: number, now: number): void {
    this.#advance(now);
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  #advance(now: number): void {
    const passed = now - this.#since;
    this.#sum += this.#value * passed;
    this.#squares += this.#value * this.#value * passed;
    this.#since = now;
  }

  /** The figures, and a new beginning. */
  reset(now: number): Integral {
    this.#advance(now);
    const duration = now - this.#start;
    const average = duration > 0 ? this.#sum / duration : 0;
    const variance = duration > 0 ? this.#squares / duration - average * average : 0;
    const result = { duration, average, deviation: Math.sqrt(Math.max(0, variance)), max: this.#max };
    this.#start = now;
    this.#sum = 0;
    this.#squares = 0;
    this.#max = this.#value;
    return result;
  }
}
