/**
 * Sums over all nodes by topology (label key → value → number) that are kept from one cycle to the next: a fold works out
 * again only what the nodes contribute that have changed since. Five thousand nodes are not looked at for each pod.
 */
import type { NodeInfo } from "./node-info.ts";
import type { Snapshot } from "./snapshot.ts";

export type Contribute = (node: NodeInfo, add: (key: string, value: string, by: number) => void) => void;

export type PairTotals = ReadonlyMap<string, ReadonlyMap<string, number>>;

export function totalOf(totals: PairTotals, key: string, value: string): number {
  return totals.get(key)?.get(value) ?? 0;
}

/** Adds to a total and removes it at zero. */
export function addToTotals(totals: Map<string, Map<string, number>>, key: string, value: string, by: number): void {
  let values = totals.get(key);
  if (values === undefined) totals.set(key, (values = new Map()));
  const next = (values.get(value) ?? 0) + by;
  if (next !== 0) {
    values.set(value, next);
    return;
  }
  values.delete(value);
  if (values.size === 0) totals.delete(key);
}

export function copyTotals(totals: PairTotals): Map<string, Map<string, number>> {
  return new Map([...totals].map(([key, values]) => [key, new Map(values)]));
}

class PairFold {
  readonly #contribute: Contribute;
  readonly #parts = new Map<NodeInfo, [key: string, value: string, by: number][]>();
  readonly totals: Map<string, Map<string, number>> = new Map();
  #sequence = -1;

  constructor(contribute: Contribute) {
    this.#contribute = contribute;
  }

  sync(snapshot: Snapshot): void {
    const { changes } = snapshot;
    if (this.#sequence === changes.sequence) return;
    const changed = this.#sequence < 0 ? undefined : changes.since(this.#sequence);
    if (changed === undefined) {
      this.#parts.clear();
      this.totals.clear();
    }
    for (const node of changed ?? snapshot.nodes) this.#update(node);
    this.#sequence = changes.sequence;
  }

  #update(node: NodeInfo): void {
    for (const [key, value, by] of this.#parts.get(node) ?? []) addToTotals(this.totals, key, value, -by);
    const part: [string, string, number][] = [];
    if (node.node !== undefined) {
      this.#contribute(node, (key, value, by) => {
        if (by !== 0) part.push([key, value, by]);
      });
    }
    for (const [key, value, by] of part) addToTotals(this.totals, key, value, by);
    if (part.length === 0) this.#parts.delete(node);
    else this.#parts.set(node, part);
  }
}

/** So many folds are kept: those of the workloads that are scheduled now. */
const kept = 128;
const folds = new WeakMap<Snapshot, Map<string, PairFold>>();

/** The totals under `name`, which must say everything that `contribute` depends on besides the node. */
export function foldPairs(snapshot: Snapshot, name: string, contribute: Contribute): PairTotals {
  let own = folds.get(snapshot);
  if (own === undefined) folds.set(snapshot, (own = new Map()));
  let fold = own.get(name);
  own.delete(name);
  own.set(name, (fold ??= new PairFold(contribute)));
  if (own.size > kept) {
    for (const oldest of own.keys()) {
      own.delete(oldest);
      break;
    }
  }
  fold.sync(snapshot);
  return fold.totals;
}
