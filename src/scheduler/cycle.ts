/**
 * One scheduling cycle: which node takes this pod, or why none does. Pure: the same snapshot, pod, start and random
 * numbers give the same decision.
 */
import { type Cycle, type Filter, isRejection, type Plugin, type Rejection, type Scorer } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { Snapshot } from "./snapshot.ts";

export interface CycleOptions {
  /** In the order in which they filter. */
  readonly plugins: readonly Plugin[];
  /** Index into the snapshot's nodes where the search begins; the next cycle goes on where this one ended. */
  readonly start: number;
  readonly random: () => number;
  /** Of nodes to find before scoring, in percent; 0 or absent: adaptive as upstream. */
  readonly percentageOfNodesToScore?: number | undefined;
}

export interface Diagnosis {
  readonly totalNodes: number;
  /** Set when a plugin refused the pod for all nodes at once. */
  readonly preFilter: Rejection | undefined;
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why the nodes that are not in `rejections` will not do. */
  readonly absent: Rejection | undefined;
}

export type Decision =
  | { readonly type: "fits"; readonly node: NodeInfo; readonly feasible: number; readonly evaluated: number; readonly nextStart: number }
  | { readonly type: "no-nodes" }
  | { readonly type: "unschedulable"; readonly diagnosis: Diagnosis; readonly filters: readonly Filter[]; readonly nextStart: number };

export function schedule(snapshot: Snapshot, pod: PodInfo, options: CycleOptions): Decision {
  const total = snapshot.nodes.length;
  if (total === 0) return { type: "no-nodes" };
  const cycle: Cycle = { pod, snapshot };
  const prepared = prepareFilters(cycle, options.plugins);
  if (isRejection(prepared)) {
    const diagnosis = { totalNodes: total, preFilter: prepared, rejections: new Map<string, Rejection>(), absent: prepared };
    return { type: "unschedulable", diagnosis, filters: [], nextStart: options.start };
  }
  const { filters, only, pinnedBy } = prepared;
  const nominated = pod.pod.status?.nominatedNodeName;
  const first = nominated ? snapshot.node(nominated) : undefined;
  if (first?.node !== undefined && check(cycle, filters, first) === undefined) {
    return { type: "fits", node: first, feasible: 1, evaluated: 1, nextStart: options.start };
  }
  const found = search(cycle, filters, only, options);
  if (found.feasible.length === 0) {
    const absent: Rejection | undefined =
      only === undefined
        ? undefined
        : { plugin: pinnedBy.join(","), unresolvable: true, reasons: [`node(s) didn't satisfy plugin(s) [${pinnedBy.join(" ")}]`] };
    const diagnosis = { totalNodes: total, preFilter: undefined, rejections: found.rejections, absent };
    return { type: "unschedulable", diagnosis, filters, nextStart: found.nextStart };
  }
  const node = found.feasible.length === 1 ? (found.feasible[0] as NodeInfo) : select(cycle, found.feasible, options);
  const evaluated = found.feasible.length + found.rejections.size;
  return { type: "fits", node, feasible: found.feasible.length, evaluated, nextStart: found.nextStart };
}

interface PreparedFilters {
  filters: Filter[];
  only: ReadonlySet<string> | undefined;
  pinnedBy: string[];
}

function prepareFilters(cycle: Cycle, plugins: readonly Plugin[]): PreparedFilters | Rejection {
  const filters: Filter[] = [];
  let only: ReadonlySet<string> | undefined;
  const pinnedBy: string[] = [];
  for (const plugin of plugins) {
    const filter = plugin.prepareFilter?.(cycle);
    if (filter === undefined) continue;
    if (isRejection(filter)) return filter;
    filters.push(filter);
    const pinned = filter.only;
    if (pinned === undefined) continue;
    const before: ReadonlySet<string> | undefined = only;
    only = before === undefined ? pinned : new Set([...before].filter((name) => pinned.has(name)));
    pinnedBy.push(plugin.name);
  }
  return { filters, only, pinnedBy };
}

/** How many feasible nodes are enough: all of a hundred, half of few, a twentieth of many; at least a hundred. */
export function nodesToFind(total: number, percentage = 0): number {
  if (total < 100) return total;
  const share = percentage > 0 ? percentage : Math.max(5, 50 - Math.trunc(total / 125));
  return Math.max(100, Math.trunc((total * share) / 100));
}

function search(
  cycle: Cycle,
  filters: readonly Filter[],
  only: ReadonlySet<string> | undefined,
  options: CycleOptions,
): { feasible: NodeInfo[]; rejections: Map<string, Rejection>; nextStart: number } {
  const { nodes } = cycle.snapshot;
  const candidates = only === undefined ? nodes : [...only].flatMap((name) => cycle.snapshot.node(name) ?? []).filter((n) => n.node);
  const enough = nodesToFind(candidates.length, options.percentageOfNodesToScore);
  const feasible: NodeInfo[] = [];
  const rejections = new Map<string, Rejection>();
  const start = candidates.length === 0 ? 0 : options.start % candidates.length;
  let looked = 0;
  for (; looked < candidates.length && feasible.length < enough; looked++) {
    const at = start + looked;
    const node = candidates[at < candidates.length ? at : at - candidates.length] as NodeInfo;
    const rejection = check(cycle, filters, node);
    if (rejection === undefined) feasible.push(node);
    else rejections.set(node.name, rejection);
  }
  return { feasible, rejections, nextStart: (options.start + looked) % nodes.length };
}

/**
 * All filters on one node. Pods of the same or higher priority that are nominated to it count as if they were there; and
 * the pod must fit without them too, since it may depend on them (affinity) and they may never come.
 */
export function check(cycle: Cycle, filters: readonly Filter[], node: NodeInfo): Rejection | undefined {
  const nominated = cycle.snapshot.nominated(node.name);
  if (nominated.length > 0) {
    const { pod } = cycle;
    const coming = nominated.filter((other) => other.priority >= pod.priority && other.uid !== pod.uid);
    if (coming.length > 0) {
      const full = node.fork();
      const forked = filters.map((filter) => filter.fork?.() ?? filter);
      for (const other of coming) {
        full.addPod(other);
        for (const filter of forked) filter.add?.(other, full);
      }
      const rejection = runFilters(forked, full);
      if (rejection !== undefined) return rejection;
    }
  }
  return runFilters(filters, node);
}

export function runFilters(filters: readonly Filter[], node: NodeInfo): Rejection | undefined {
  for (let i = 0; i < filters.length; i++) {
    const rejection = (filters[i] as Filter).check(node);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

/** The node with the highest sum of weighted scores; among equals one by chance. */
function select(cycle: Cycle, nodes: readonly NodeInfo[], { plugins, random }: CycleOptions): NodeInfo {
  const totals = scoreNodes(cycle, nodes, plugins);
  let best = 0;
  let equals = 1;
  for (let i = 1; i < nodes.length; i++) {
    const score = totals[i] as number;
    const top = totals[best] as number;
    if (score > top) {
      best = i;
      equals = 1;
    } else if (score === top && random() * ++equals < 1) best = i;
  }
  return nodes[best] as NodeInfo;
}

/** Weighted sums, in the order of `nodes`. */
export function scoreNodes(cycle: Cycle, nodes: readonly NodeInfo[], plugins: readonly Plugin[]): Float64Array {
  const totals = new Float64Array(nodes.length);
  const scores = new Float64Array(nodes.length);
  for (const plugin of plugins) {
    const { weight = 0 } = plugin;
    if (weight === 0) continue;
    const scorer = plugin.prepareScore?.(cycle, nodes);
    if (scorer === undefined) continue;
    scoreWith(scorer, nodes, scores);
    for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
  }
  return totals;
}

function scoreWith(scorer: Scorer, nodes: readonly NodeInfo[], scores: Float64Array): void {
  for (let i = 0; i < nodes.length; i++) scores[i] = scorer.score(nodes[i] as NodeInfo);
  scorer.normalize?.(scores, nodes);
}
