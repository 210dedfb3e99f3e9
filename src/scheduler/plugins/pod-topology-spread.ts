/** Spreads pods over domains (KEP-895): hard constraints filter by skew, soft ones and the cluster's defaults score. */
import { compileRequiredNodeAffinity, type NodePredicate } from "../../kinds/pod/node-affinity.ts";
import { findUntoleratedTaint, schedulingEffects } from "../../kinds/pod/tolerations.ts";
import type { TopologySpreadConstraint } from "../../schema/types/core-v1.ts";
import { type Cycle, type Filter, maxScore, type Plugin, type Rejection, type Scorer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { addToTotals, copyTotals, foldPairs, type PairTotals, totalOf } from "../pair-fold.ts";
import { compileSelector, internSelector, type PodInfo, type Selector } from "../pod-info.ts";

const hostname = "kubernetes.io/hostname";

interface Constraint {
  readonly key: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  /** Whether pods on the node count at all (node affinity and taints policies); undefined: on every node. */
  readonly counts: ((node: NodeInfo) => boolean) | undefined;
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
    const required = constraints.map((c) => c.key);
    return new SpreadFilter(
      cycle.pod,
      constraints,
      constraints.map((c) => sums(cycle, c, required)),
    );
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

function selectorOf(constraint: TopologySpreadConstraint, pod: PodInfo): Selector {
  const base = compileSelector(constraint.labelSelector);
  const keys = (constraint.matchLabelKeys ?? []).filter((key) => pod.labels[key] !== undefined);
  if (keys.length === 0) return base;
  const wanted = keys.map((key) => [key, pod.labels[key]] as const);
  return internSelector(JSON.stringify([base.text, wanted]), () => (labels) => {
    return wanted.every(([key, value]) => labels[key] === value) && base.matches(labels);
  });
}

/** By default nodes that the pod's affinity excludes do not count, and taints are ignored (KEP-3094). */
function inclusion(
  pod: PodInfo,
  policies: Pick<TopologySpreadConstraint, "nodeAffinityPolicy" | "nodeTaintsPolicy">,
  affinity: NodePredicate | undefined,
): ((node: NodeInfo) => boolean) | undefined {
  const honorAffinity = (policies.nodeAffinityPolicy ?? "Honor") === "Honor" && affinity !== undefined;
  const honorTaints = policies.nodeTaintsPolicy === "Honor";
  if (!honorAffinity && !honorTaints) return undefined;
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

function matching(node: NodeInfo, { matches }: Selector, namespace: string): number {
  let count = 0;
  for (const pod of node.pods.values()) {
    if (pod.namespace === namespace && !pod.terminating && matches(pod.labels)) count++;
  }
  return count;
}

function hasAllKeys(node: NodeInfo, constraints: readonly Constraint[]): boolean {
  return constraints.every((c) => node.labels[c.key] !== undefined);
}

/**
 * Matching pods by domain, and the nodes of each domain, over the nodes that count and that have all keys (`required`).
 * A constraint that counts on every node shares its sums with all pods of its kind; the others are summed here.
 */
function sums(cycle: Cycle, c: Constraint, required: readonly string[]): { pods: PairTotals; nodes: PairTotals } {
  const { pod, snapshot } = cycle;
  const complete = (node: NodeInfo): boolean => required.every((key) => node.labels[key] !== undefined);
  const countPods = (node: NodeInfo, add: (key: string, value: string, by: number) => void): void => {
    const domain = node.labels[c.key];
    if (domain !== undefined && complete(node)) add(c.key, domain, matching(node, c.selector, pod.namespace));
  };
  const countNodes = (node: NodeInfo, add: (key: string, value: string, by: number) => void): void => {
    const domain = node.labels[c.key];
    if (domain !== undefined && complete(node)) add(c.key, domain, 1);
  };
  const { counts } = c;
  if (counts === undefined) {
    const where = JSON.stringify([c.key, required]);
    return {
      pods: foldPairs(snapshot, `spread ${where} ${pod.namespace} ${c.selector.text}`, countPods),
      nodes: foldPairs(snapshot, `domains ${where}`, countNodes),
    };
  }
  const pods = new Map<string, Map<string, number>>();
  const nodes = new Map<string, Map<string, number>>();
  for (const node of snapshot.nodes) {
    if (!counts(node)) continue;
    countPods(node, (key, value, by) => by !== 0 && addToTotals(pods, key, value, by));
    countNodes(node, (key, value, by) => addToTotals(nodes, key, value, by));
  }
  return { pods, nodes };
}

interface Sums {
  readonly pods: PairTotals;
  readonly nodes: PairTotals;
}

class SpreadFilter implements Filter {
  readonly #pod: PodInfo;
  readonly #constraints: readonly Constraint[];
  readonly #sums: readonly Sums[];
  /** The lowest count of each constraint; worked out when first asked for after a change. */
  #lowest: number[] | undefined;

  constructor(pod: PodInfo, constraints: readonly Constraint[], all: readonly Sums[]) {
    this.#pod = pod;
    this.#constraints = constraints;
    this.#sums = all;
  }

  check(node: NodeInfo): Rejection | undefined {
    this.#lowest ??= this.#constraints.map((c, i) => lowest(c, this.#sums[i] as Sums));
    for (let i = 0; i < this.#constraints.length; i++) {
      const c = this.#constraints[i] as Constraint;
      const domain = node.labels[c.key];
      if (domain === undefined) return unlabelled;
      const self = c.selector.matches(this.#pod.labels) ? 1 : 0;
      const present = totalOf((this.#sums[i] as Sums).pods, c.key, domain);
      if (present + self - (this.#lowest[i] as number) > c.maxSkew) return skewed;
    }
    return undefined;
  }

  fork(): Filter {
    const copies = this.#sums.map(({ pods, nodes }) => ({ pods: copyTotals(pods), nodes }));
    return new SpreadFilter(this.#pod, this.#constraints, copies);
  }

  add(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1);
  }

  /** Only on forks, whose sums are their own. */
  #change(pod: PodInfo, node: NodeInfo, by: number): void {
    if (pod.namespace !== this.#pod.namespace || !hasAllKeys(node, this.#constraints)) return;
    this.#constraints.forEach((c, i) => {
      if (!c.selector.matches(pod.labels) || c.counts?.(node) === false) return;
      addToTotals((this.#sums[i] as Sums).pods as Map<string, Map<string, number>>, c.key, node.labels[c.key] as string, by);
      this.#lowest = undefined;
    });
  }
}

/** With fewer domains than `minDomains`, the lowest counts as none. */
function lowest({ key, minDomains }: Constraint, { pods, nodes }: Sums): number {
  const domains = nodes.get(key)?.size ?? 0;
  const counts = pods.get(key);
  if (domains < minDomains || counts === undefined || counts.size < domains) return domains === 0 ? Number.POSITIVE_INFINITY : 0;
  let least = Number.POSITIVE_INFINITY;
  for (const count of counts.values()) least = Math.min(least, count);
  return least;
}

class SpreadScorer implements Scorer {
  readonly #namespace: string;
  readonly #constraints: readonly Constraint[];
  readonly #requireAll: boolean;
  readonly #pods: readonly PairTotals[];
  readonly #weights: readonly number[];

  constructor(cycle: Cycle, constraints: readonly Constraint[], nodes: readonly NodeInfo[], requireAll: boolean) {
    this.#namespace = cycle.pod.namespace;
    this.#constraints = constraints;
    this.#requireAll = requireAll;
    const scored = requireAll ? nodes.filter((node) => hasAllKeys(node, constraints)) : nodes;
    const required = requireAll ? constraints.map((c) => c.key) : [];
    // Pods of a host are counted where it is scored; the other domains reach beyond the nodes that are scored.
    this.#pods = constraints.map((c) => (c.key === hostname ? noTotals : sums(cycle, c, required).pods));
    this.#weights = constraints.map((c) => Math.log((c.key === hostname ? scored.length : domainsOf(c.key, scored)) + 2));
  }

  score(node: NodeInfo): number {
    if (this.#requireAll && !hasAllKeys(node, this.#constraints)) return -1;
    let score = 0;
    for (let i = 0; i < this.#constraints.length; i++) {
      const c = this.#constraints[i] as Constraint;
      const domain = node.labels[c.key];
      if (domain === undefined) continue;
      const count = c.key === hostname ? matching(node, c.selector, this.#namespace) : totalOf(this.#pods[i] as PairTotals, c.key, domain);
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
}

const noTotals: PairTotals = new Map();

function domainsOf(key: string, nodes: readonly NodeInfo[]): number {
  const domains = new Set<string>();
  for (const node of nodes) {
    const domain = node.labels[key];
    if (domain !== undefined) domains.add(domain);
  }
  return domains.size;
}
