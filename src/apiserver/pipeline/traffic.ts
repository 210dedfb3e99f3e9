/** How many requests are being answered, and wait, by what they are: for gauges that tell the most of the last second. */
import type { Clock } from "../../core/clock.ts";
import type { TimingFamily, TimingGauge } from "../flow-control/timing-gauge.ts";

export type RequestKind = "readOnly" | "mutating";

/** A count, with the most that it has been in this second and the one before. */
class Watermark {
  #count = 0;
  #second = 0;
  #most = 0;
  #before = 0;
  gauge: TimingGauge | undefined;

  add(by: number, now: number): void {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#turn(second);
    this.#count += by;
    if (this.#count > this.#most) this.#most = this.#count;
    this.gauge?.add(by, now);
  }

  #turn(second: number): void {
    this.#before = second === this.#second + 1 ? this.#most : this.#count;
    this.#second = second;
    this.#most = this.#count;
  }

  most(now: number): number {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#turn(second);
    return Math.max(this.#before, this.#most);
  }
}

export class Traffic {
  readonly #clock: Clock;
  readonly #executing = { readOnly: new Watermark(), mutating: new Watermark() };
  readonly #waiting = { readOnly: new Watermark(), mutating: new Watermark() };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Also keeps the times at each fraction of these limits. */
  measure(family: TimingFamily, executing: number, waiting: number): void {
    const now = this.#clock.monotonic();
    for (const kind of ["readOnly", "mutating"] as const) {
      this.#executing[kind].gauge = family.gauge(["executing", kind], 1);
      this.#executing[kind].gauge?.setDenominator(executing, now);
      this.#waiting[kind].gauge = family.gauge(["waiting", kind], 1);
      this.#waiting[kind].gauge?.setDenominator(waiting, now);
    }
  }

  executing(kind: RequestKind, by: number): void {
    this.#executing[kind].add(by, this.#clock.monotonic());
  }

  waiting(kind: RequestKind, by: number): void {
    this.#waiting[kind].add(by, this.#clock.monotonic());
  }

  /** The most of the last second, or so. */
  most(): Readonly<Record<"executing" | "waiting", Readonly<Record<RequestKind, number>>>> {
    const now = this.#clock.monotonic();
    const of = (marks: Record<RequestKind, Watermark>): Record<RequestKind, number> => ({
      readOnly: marks.readOnly.most(now),
      mutating: marks.mutating.most(now),
    });
    return { executing: of(this.#executing), waiting: of(this.#waiting) };
  }
}
