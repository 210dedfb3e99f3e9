import type { NodeInfo } from "./node-info.ts";

/** What nodes changed, in order. Consumers that have fallen too far behind start over. */
export class ChangeLog {
  readonly #limit: () => number;
  #log: NodeInfo[] = [];
  #base = 0;

  /** `limit`: so many changes are remembered. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get sequence(): number {
    return this.#base + this.#log.length;
  }

  changed(node: NodeInfo): void {
    this.#log.push(node);
    const limit = Math.max(1024, this.#limit());
    if (this.#log.length > 2 * limit) {
      this.#base += this.#log.length - limit;
      this.#log = this.#log.slice(-limit);
    }
  }

  /** Undefined: too long ago. */
  since(sequence: number): readonly NodeInfo[] | undefined {
    return sequence < this.#base ? undefined : this.#log.slice(sequence - this.#base);
  }
}
