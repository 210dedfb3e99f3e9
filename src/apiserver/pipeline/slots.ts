import { tooManyRequests } from "../../core/api-error.ts";

/** How many requests wait for each that may be answered at once, before more are refused. */
const waitingPerSlot = 25;

/** So many at once; the others wait in line, and when the line is too long they are refused with 429. */
export class Slots {
  readonly #max: number;
  readonly #line: (() => void)[] = [];
  #used = 0;

  /** `max` 0: no limit. */
  constructor(max: number) {
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** Undefined when there is a place at once. `urgent` ones do not wait. */
  take(urgent: boolean): Promise<void> | undefined {
    if (this.#max === 0 || this.#used < this.#max || urgent) {
      this.#used++;
      return undefined;
    }
    if (this.#line.length >= this.#max * waitingPerSlot) throw tooManyRequests("too many requests, please try again later", 1);
    return new Promise((resolve) => this.#line.push(resolve));
  }

  /** Gives the place back, to the next in line. */
  release(): void {
    const next = this.#used > this.#max && this.#max > 0 ? undefined : this.#line.shift();
    if (next === undefined) this.#used--;
    else next();
  }
}
