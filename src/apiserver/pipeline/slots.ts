/** So many requests at once and no more (`--enable-priority-and-fairness=false`): what is beyond is refused at once. */
export class Slots {
  readonly #max: number;
  #used = 0;

  /** `max` 0: no limit. */
  constructor(max: number) {
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** False when there is no place. `urgent` ones are let in all the same. */
  take(urgent: boolean): boolean {
    if (this.#max > 0 && this.#used >= this.#max && !urgent) return false;
    this.#used++;
    return true;
  }

  release(): void {
    this.#used--;
  }
}
