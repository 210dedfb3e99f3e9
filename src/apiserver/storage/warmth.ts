/**
 * How much of what was made of stored bytes (parsed objects, encoded frames) is kept, over all resources of a server. What was used since
 * the last turn stays; what was not, goes when about half of the budget is full again. Stored bytes are not counted: they stay.
 */
import type { Labels } from "../../schema/label-selector.ts";

/** Something that holds what can be made again. Its two numbers belong to {@link Warmth}. */
export interface Warm {
  /** The turn in which it was last used; 0: it holds nothing. */
  warmTurn: number;
  /** About how many bytes it holds. */
  warmBytes: number;
  /** Lets go of it all. */
  cool(): void;
}

const defaultBudget = 128 * 1024 * 1024;
const mostLabels = 20_000;

export class Warmth {
  turn = 1;
  readonly #half: number;
  #bytes = 0;
  #present: Warm[] = [];
  #before: Warm[] = [];
  readonly #labels = new Map<string, Labels>();

  constructor(budget: number = defaultBudget) {
    this.#half = budget / 2;
  }

  /** `holder` has made something more. */
  made(holder: Warm, bytes: number): void {
    holder.warmBytes += bytes;
    if (holder.warmTurn === this.turn) this.#bytes += bytes;
    else this.#enter(holder);
    if (this.#bytes > this.#half) this.#next();
  }

  /** `holder` was used. Only to be called when its turn is not the present one. */
  used(holder: Warm): void {
    this.#enter(holder);
    if (this.#bytes > this.#half) this.#next();
  }

  #enter(holder: Warm): void {
    holder.warmTurn = this.turn;
    this.#bytes += holder.warmBytes;
    this.#present.push(holder);
  }

  #next(): void {
    const cold = this.#before;
    this.#before = this.#present;
    this.#present = [];
    this.#bytes = 0;
    const last = this.turn++;
    for (const holder of cold) {
      if (holder.warmTurn === last || holder.warmTurn === 0) continue;
      holder.warmTurn = 0;
      holder.warmBytes = 0;
      holder.cool();
    }
  }

  /** The same labels for all objects that have them alike: those of a workload's pods are one object. */
  share(labels: Labels | undefined): Labels | undefined {
    if (labels === undefined) return undefined;
    const text = JSON.stringify(labels);
    const known = this.#labels.get(text);
    if (known !== undefined) return known;
    if (this.#labels.size >= mostLabels) this.#labels.clear();
    const kept = Object.freeze({ ...labels });
    this.#labels.set(text, kept);
    return kept;
  }
}
