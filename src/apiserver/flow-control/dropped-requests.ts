/** How long refused clients are told to stay away: longer while many are refused, up to 32 seconds. */
const longest = 32;

class LevelDrops {
  #history: { second: number; requests: number }[] = [];
  #second = -1;
  #count = 0;
  #changedAt = 0;
  retryAfter = 1;

  /** `second`: of the epoch. */
  record(second: number): void {
    if (second === this.#second) {
      this.#count++;
      return;
    }
    this.#history.push({ second: this.#second, requests: this.#count });
    const kept = Math.min(2 * this.retryAfter, longest);
    this.#history = this.#history.filter((entry) => this.#second - entry.second <= kept);
    this.#second = second;
    this.#count = 1;
    this.#adjust(second);
  }

  /** Doubled when three were refused in each of its seconds, a second less when not even one was. */
  #adjust(second: number): void {
    let dropped = 0;
    for (const entry of this.#history) {
      if (second - entry.second <= this.retryAfter && entry.second < second) dropped += entry.requests;
    }
    if (second - this.#changedAt >= this.retryAfter && dropped >= 3 * this.retryAfter) {
      this.retryAfter = Math.min(2 * this.retryAfter, longest);
      this.#changedAt = second;
    } else if (dropped < this.retryAfter && this.retryAfter > 1) this.retryAfter--;
  }
}

export class DroppedRequests {
  readonly #levels = new Map<string, LevelDrops>();

  /** Notes a refusal; answers the seconds after which to try again. */
  record(level: string, now: number): number {
    let drops = this.#levels.get(level);
    if (drops === undefined) this.#levels.set(level, (drops = new LevelDrops()));
    drops.record(Math.floor(now / 1000));
    return drops.retryAfter;
  }
}
