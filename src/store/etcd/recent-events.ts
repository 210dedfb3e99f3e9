/** The last events, so that a watch which begins a little in the past (where a range was read) begins without asking etcd. */
import type { StoreEvent } from "../store.ts";

const keptBytes = 4 * 1024 * 1024;
const overhead = 200;

export class RecentEvents {
  #events: StoreEvent[] = [];
  #first = 0;
  #bytes = 0;
  /** Every event after this revision is here. */
  after: number;

  constructor(after: number) {
    this.after = after;
  }

  /** Revision of the newest event; {@link after} when there is none. */
  get last(): number {
    return this.#events.at(-1)?.revision ?? this.after;
  }

  push(event: StoreEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
    while (this.#bytes > keptBytes && this.#first < this.#events.length - 1) {
      const oldest = this.#events[this.#first++] as StoreEvent;
      this.#bytes -= sizeOf(oldest);
      this.after = oldest.revision;
    }
    if (this.#first > 256 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Events of a prefix from a revision on, in order; those of revisions that are not wholly here are left out. */
  from(prefix: string, revision: number): StoreEvent[] {
    const found: StoreEvent[] = [];
    for (let i = this.#events.length - 1; i >= this.#first; i--) {
      const event = this.#events[i] as StoreEvent;
      if (event.revision < revision || event.revision <= this.after) break;
      if (event.key.startsWith(prefix)) found.push(event);
    }
    return found.reverse();
  }
}

function sizeOf({ current, previous }: StoreEvent): number {
  return overhead + (current?.value.length ?? 0) + (previous?.value.length ?? 0);
}
