/** Spreads pods over domains (KEP-895): hard constraints filter by skew, soft ones and the cluster's defaults score. */
import { compileRequiredNodeAffinity, type NodePredicate } from "../../kinds/pod/node-affinity.ts";
import { findUntoleratedTaint, schedulingEffects } from "../../kinds/pod/tolerations.ts";
import type { TopologySpreadConstraint } from "../../schema/types/core-v1.ts";
import { type Cycle, type Filter, maxScore, type Plugin, type Rejection, type Scorer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { compileSelector, type LabelMatch, type PodInfo } from "../pod-info.ts";

const hostname = "kubernetes.io/hostname";

interface Constraint {
  readonly key: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: LabelMatch;
  /** Whether pods on the node count at all (node affinity and taints policies). */
  readonly counts: (node: NodeInfo) => boolean;
}

/** The cluster's defaults, soft: for pods of services and controllers that name no constraints. */
const defaults: readonly Pick<Constraint, "key" | "maxSkew">[] = [
  { key: hostname, maxSkew: 3 },
  { key: "topology.kubernetes.io/zone", maxSkew: 5 },
];

const skewed: Rejection = {
  plugin: "PodTopologySpread",
  unresolvable: false,
  reasons: ["node(s) didn't match pod topology spread constraints"],
};
const unlabelled: Rejection = {
  plugin: "PodTopologySpread",
  unresolvable: true,
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
};

export const podTopologySpread: Plugin = {
  name: "PodTopologySpread",
  weight: 2,
  prepareFilter: (cycle) => {
    const constraints = constraintsOf(cycle, "DoNotSchedule");
    if (constraints.length === 0) return undefined;
    return new SpreadFilter(cycle.pod, constraints, countAll(cycle, constraints));
  },
  prepareScore: (cycle, nodes) => {
    const own = (cycle.pod.pod.spec?.topologySpreadConstraints?.length ?? 0) > 0;
    const constraints = own ? constraintsOf(cycle, "ScheduleAnyway") : defaultConstraints(cycle);
    return constraints.length === 0 ? undefined : new SpreadScorer(cycle, constraints, nodes, own);
  },
  helps: (event, pod) => {
    switch (event.type) {
      case "AssignedPodAdd":
      case "AssignedPodDelete":
      case "AssignedPodUpdate":
        return event.pod.namespace === pod.namespace;
      case "NodeAdd":
      case "NodeDelete":
      case "UnscheduledPodUpdate":
        return true;
      case "NodeUpdate":
        return event.node.metadata?.labels !== event.old.metadata?.labels || event.node.spec?.taints !== event.old.spec?.taints;
      default:
        return false;
    }
  },
};

function constraintsOf(cycle: Cycle, action: "DoNotSchedule" | "ScheduleAnyway"): Constraint[] {
  const { pod } = cycle;
  const wanted = (pod.pod.spec?.topologySpreadConstraints ?? []).filter((c) => c.whenUnsatisfiable === action);
  if (wanted.length === 0) return [];
  const affinity = compileRequiredNodeAffinity(pod.pod);
  return wanted.map((c) => ({
    key: c.topologyKey,
    maxSkew: c.maxSkew,
    minDomains: c.minDomains ?? 1,
    selector: selectorOf(c, pod),
    counts: inclusion(pod, c, affinity),
  }));
}

function selectorOf(constraint: TopologySpreadConstraint, pod: PodInfo): LabelMatch {
  const base = compileSelector(constraint.labelSelector);
  const keys = (constraint.matchLabelKeys ?? []).filter((key) => pod.labels[key] !== undefined);
  if (keys.length === 0) return base;
  return (labels) => keys.every((key) => labels[key] === pod.labels[key]) && base(labels);
}

/** By default nodes that the pod's affinity excludes do not count, and taints are ignored (KEP-3094). */
function inclusion(
  pod: PodInfo,
  policies: Pick<TopologySpreadConstraint, "nodeAffinityPolicy" | "nodeTaintsPolicy">,
  affinity: NodePredicate | undefined,
): (node: NodeInfo) => boolean {
  const honorAffinity = (policies.nodeAffinityPolicy ?? "Honor") === "Honor" && affinity !== undefined;
  const honorTaints = policies.nodeTaintsPolicy === "Honor";
  if (!honorAffinity && !honorTaints) return () => true;
  return ({ node }) => {
    if (node === undefined) return false;
    if (honorAffinity && !affinity(node)) return false;
    return !honorTaints || findUntoleratedTaint(node.spec?.taints, pod.pod.spec?.tolerations, schedulingEffects) === undefined;
  };
}

function defaultConstraints(cycle: Cycle): Constraint[] {
  const selector = cycle.snapshot.defaultSpreadSelector(cycle.pod);
  if (selector === undefined) return [];
  const counts = inclusion(cycle.pod, {}, compileRequiredNodeAffinity(cycle.pod.pod));
  return defaults.map((c) => ({ ...c, minDomains: 1, selector, counts }));
}

function matching(node: NodeInfo, selector: LabelMatch, namespace: string): number {
  let count = 0;
  for (const pod of node.pods.values()) {
    if (pod.namespace === namespace && !pod.terminating && selector(pod.labels)) count++;
  }
  return count;
}

function hasAllKeys(node: NodeInfo, constraints: readonly Constraint[]): boolean {
  return constraints.every((c) => node.labels[c.key] !== undefined);
}

/** Matching pods by domain, a map for each constraint; only domains of nodes that count. */
function countAll({ pod, snapshot }: Cycle, constraints: readonly Constraint[]): Map<string, number>[] {
  const totals = constraints.map(() => new Map<string, number>());
  for (const node of snapshot.nodes) {
    if (!hasAllKeys(node, constraints)) continue;
    constraints.forEach((c, i) => {
      if (!c.counts(node)) return;
      const domain = node.labels[c.key] as string;
      const total = totals[i] as Map<string, number>;
      total.set(domain, (total.get(domain) ?? 0) + matching(node, c.selector, pod.namespace));
    });
  }
  return totals;
}

class SpreadFilter implements Filter {
  readonly #pod: PodInfo;
  readonly #constraints: readonly Constraint[];
  readonly #counts: readonly Map<string, number>[];
  /** The lowest count of each constraint; worked out when first asked for after a change. */
  #lowest: number[] | undefined;

  constructor(pod: PodInfo, constraints: readonly Constraint[], counts: readonly Map<string, number>[]) {
    this.#pod = pod;
    this.#constraints = constraints;
    this.#counts = counts;
  }

  check(node: NodeInfo): Rejection | undefined {
    this.#lowest ??= this.#counts.map((counts, i) => {
      if (counts.size < (this.#constraints[i] as Constraint).minDomains) return 0;
      let lowest = Number.POSITIVE_INFINITY;
      for (const count of counts.values()) lowest = Math.min(lowest, count);
      return lowest;
    });
    for (let i = 0; i < this.#constraints.length; i++) {
      const c = this.#constraints[i] as Constraint;
      const domain = node.labels[c.key];
      if (domain === undefined) return unlabelled;
      const self = c.selector(this.#pod.labels) ? 1 : 0;
      if ((this.#counts[i]?.get(domain) ?? 0) + self - (this.#lowest[i] as number) > c.maxSkew) return skewed;
    }
    return undefined;
  }

  fork(): Filter {
    return new SpreadFilter(
      this.#pod,
      this.#constraints,
      this.#counts.map((counts) => new Map(counts)),
    );
  }

  add(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1);
  }

  #change(pod: PodInfo, node: NodeInfo, by: number): void {
    if (pod.namespace !== this.#pod.namespace || !hasAllKeys(node, this.#constraints)) return;
    this.#constraints.forEach((c, i) => {
      if (!c.selector(pod.labels) || !c.counts(node)) return;
      const domain = node.labels[c.key] as string;
      const counts = this.#counts[i] as Map<string, number>;
      counts.set(domain, (counts.get(domain) ?? 0) + by);
      this.#lowest = undefined;
    });
  }
}

class SpreadScorer implements Scorer {
  readonly #cycle: Cycle;
  readonly #constraints: readonly Constraint[];
  readonly #requireAll: boolean;
  readonly #counts: readonly Map<string, number>[];
  readonly #weights: readonly number[];

  constructor(cycle: Cycle, constraints: readonly Constraint[], nodes: readonly NodeInfo[], requireAll: boolean) {
    this.#cycle = cycle;
    this.#constraints = constraints;
    this.#requireAll = requireAll;
    const scored = requireAll ? nodes.filter((node) => hasAllKeys(node, constraints)) : nodes;
    this.#counts = constraints.map((c) => domainsOf(c, scored));
    this.#weights = constraints.map((c, i) => Math.log((c.key === hostname ? scored.length : (this.#counts[i]?.size ?? 0)) + 2));
    // Pods of a host are counted where it is scored; the other domains reach beyond the nodes that are scored.
    if (this.#counts.some((counts) => counts.size > 0)) this.#countDomains();
  }

  score(node: NodeInfo): number {
    if (this.#requireAll && !hasAllKeys(node, this.#constraints)) return -1;
    let score = 0;
    for (let i = 0; i < this.#constraints.length; i++) {
      const c = this.#constraints[i] as Constraint;
      const domain = node.labels[c.key];
      if (domain === undefined) continue;
      const count = c.key === hostname ? matching(node, c.selector, this.#cycle.pod.namespace) : (this.#counts[i]?.get(domain) ?? 0);
      score += count * (this.#weights[i] as number) + (c.maxSkew - 1);
    }
    return Math.round(score);
  }

  /** Nodes that lack a key (-1) get nothing; among the others the fewest pods score highest. */
  normalize(scores: Float64Array): void {
    let min = Number.POSITIVE_INFINITY;
    let max = 0;
    for (const score of scores) {
      if (score < 0) continue;
      min = Math.min(min, score);
      max = Math.max(max, score);
    }
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i] as number;
      if (score < 0) scores[i] = 0;
      else scores[i] = max === 0 ? maxScore : Math.trunc((maxScore * (max + min - score)) / max);
    }
  }

  #countDomains(): void {
    const { snapshot, pod } = this.#cycle;
    for (const node of snapshot.nodes) {
      if (this.#requireAll && !hasAllKeys(node, this.#constraints)) continue;
      this.#constraints.forEach((c, i) => {
        const counts = this.#counts[i] as Map<string, number>;
        const domain = node.labels[c.key];
        const known = domain === undefined ? undefined : counts.get(domain);
        if (domain === undefined || known === undefined || !c.counts(node)) return;
        counts.set(domain, known + matching(node, c.selector, pod.namespace));
      });
    }
  }
}

function domainsOf(constraint: Constraint, nodes: readonly NodeInfo[]): Map<string, number> {
  const domains = new Map<string, number>();
  if (constraint.key === hostname) return domains;
  for (const node of nodes) {
    const domain = node.labels[constraint.key];
    if (domain !== undefined) domains.set(domain, 0);
  }
  return domains;
}
