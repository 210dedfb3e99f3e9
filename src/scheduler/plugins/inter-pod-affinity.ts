/** Affinity and anti-affinity between pods: the incoming pod's terms, and those of the pods that are there. */
import { type Cycle, type Filter, maxScore, type Plugin, type Rejection, type Scorer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type AffinityTerm, type PodInfo, termMatches } from "../pod-info.ts";

type Labels = Readonly<Record<string, string>>;
type NamespaceLabels = (namespace: string) => Labels;

/** A required term of a pod that is there weighs this much when the incoming pod is scored. */
const hardAffinityWeight = 1;

const rejection = (reason: string, unresolvable: boolean): Rejection => ({ plugin: "InterPodAffinity", unresolvable, reasons: [reason] });
const affinityUnmet = rejection("node(s) didn't match pod affinity rules", true);
const antiAffinityUnmet = rejection("node(s) didn't match pod anti-affinity rules", false);
const existingUnmet = rejection("node(s) didn't satisfy existing pods anti-affinity rules", false);

export const interPodAffinity: Plugin = {
  name: "InterPodAffinity",
  weight: 2,
  prepareFilter: (cycle) => prepare(cycle),
  prepareScore: (cycle, nodes) => prepareScore(cycle, nodes),
  helps: (event, pod) => {
    switch (event.type) {
      case "AssignedPodAdd":
      case "AssignedPodUpdate":
        return pod.requiredAffinity.length > 0 || event.type === "AssignedPodUpdate";
      case "AssignedPodDelete":
      case "NodeAdd":
      case "NamespaceChange":
      case "UnscheduledPodUpdate":
        return true;
      case "NodeUpdate":
        return event.node.metadata?.labels !== event.old.metadata?.labels;
      default:
        return false;
    }
  },
};

/** `key\0value` → how many pods. Entries at zero are removed. */
class PairCounts {
  readonly #counts: Map<string, number>;

  constructor(counts: Map<string, number> = new Map()) {
    this.#counts = counts;
  }

  get size(): number {
    return this.#counts.size;
  }

  has(key: string, value: string): boolean {
    return (this.#counts.get(`${key}\0${value}`) ?? 0) > 0;
  }

  add(node: NodeInfo, key: string, by: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    const pair = `${key}\0${value}`;
    const next = (this.#counts.get(pair) ?? 0) + by;
    if (next === 0) this.#counts.delete(pair);
    else this.#counts.set(pair, next);
  }

  copy(): PairCounts {
    return new PairCounts(new Map(this.#counts));
  }
}

function matchesAll(terms: readonly AffinityTerm[], pod: PodInfo, labels: Labels): boolean {
  return terms.length > 0 && terms.every((term) => termMatches(term, pod, labels));
}

function prepare({ pod, snapshot }: Cycle): Filter | undefined {
  const namespaces: NamespaceLabels = (namespace) => snapshot.namespaceLabels(namespace);
  const own = namespaces(pod.namespace);
  const existing = new PairCounts();
  for (const node of snapshot.nodesWithRequiredAntiAffinityPods) {
    for (const other of node.podsWithRequiredAntiAffinity) {
      for (const term of other.requiredAntiAffinity) if (termMatches(term, pod, own)) existing.add(node, term.topologyKey, 1);
    }
  }
  const wanted = pod.requiredAffinity.length > 0 || pod.requiredAntiAffinity.length > 0;
  if (!wanted && existing.size === 0) return undefined;
  const filter = new AffinityFilter(pod, namespaces, existing, new PairCounts(), new PairCounts());
  if (wanted) for (const node of snapshot.nodes) for (const other of node.pods.values()) filter.countOwnTerms(other, node, 1);
  return filter;
}

class AffinityFilter implements Filter {
  readonly #pod: PodInfo;
  readonly #namespaces: NamespaceLabels;
  /** Anti-affinity terms of pods that are there which speak of this pod. */
  readonly #existing: PairCounts;
  readonly #affinity: PairCounts;
  readonly #antiAffinity: PairCounts;

  constructor(pod: PodInfo, namespaces: NamespaceLabels, existing: PairCounts, affinity: PairCounts, antiAffinity: PairCounts) {
    this.#pod = pod;
    this.#namespaces = namespaces;
    this.#existing = existing;
    this.#affinity = affinity;
    this.#antiAffinity = antiAffinity;
  }

  check(node: NodeInfo): Rejection | undefined {
    if (!this.#meetsAffinity(node)) return affinityUnmet;
    for (const { topologyKey } of this.#pod.requiredAntiAffinity) {
      const value = node.labels[topologyKey];
      if (value !== undefined && this.#antiAffinity.has(topologyKey, value)) return antiAffinityUnmet;
    }
    if (this.#existing.size > 0) {
      for (const key in node.labels) if (this.#existing.has(key, node.labels[key] as string)) return existingUnmet;
    }
    return undefined;
  }

  /** The first pod of a series with affinity to itself may go anywhere that has the topology. */
  #meetsAffinity(node: NodeInfo): boolean {
    const terms = this.#pod.requiredAffinity;
    let present = true;
    for (const { topologyKey } of terms) {
      const value = node.labels[topologyKey];
      if (value === undefined) return false;
      if (!this.#affinity.has(topologyKey, value)) present = false;
    }
    return present || (this.#affinity.size === 0 && matchesAll(terms, this.#pod, this.#namespaces(this.#pod.namespace)));
  }

  fork(): Filter {
    return new AffinityFilter(this.#pod, this.#namespaces, this.#existing.copy(), this.#affinity.copy(), this.#antiAffinity.copy());
  }

  add(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1);
  }

  #change(other: PodInfo, node: NodeInfo, by: number): void {
    const own = this.#namespaces(this.#pod.namespace);
    for (const term of other.requiredAntiAffinity) if (termMatches(term, this.#pod, own)) this.#existing.add(node, term.topologyKey, by);
    this.countOwnTerms(other, node, by);
  }

  /** Counts `other` where this pod's own terms speak of it. */
  countOwnTerms(other: PodInfo, node: NodeInfo, by: number): void {
    const labels = this.#namespaces(other.namespace);
    if (matchesAll(this.#pod.requiredAffinity, other, labels)) {
      for (const term of this.#pod.requiredAffinity) this.#affinity.add(node, term.topologyKey, by);
    }
    for (const term of this.#pod.requiredAntiAffinity) {
      if (termMatches(term, other, labels)) this.#antiAffinity.add(node, term.topologyKey, by);
    }
  }
}

function prepareScore({ pod, snapshot }: Cycle, _nodes: readonly NodeInfo[]): Scorer | undefined {
  const preferring = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0;
  if (!preferring && snapshot.nodesWithAffinityPods.size === 0) return undefined;
  const scores = new Map<string, Map<string, number>>();
  const credit = (term: AffinityTerm, about: PodInfo, node: NodeInfo, weight: number): void => {
    if (weight === 0 || !termMatches(term, about, snapshot.namespaceLabels(about.namespace))) return;
    const value = node.labels[term.topologyKey];
    if (value === undefined) return;
    let values = scores.get(term.topologyKey);
    if (values === undefined) scores.set(term.topologyKey, (values = new Map()));
    values.set(value, (values.get(value) ?? 0) + weight);
  };
  for (const node of preferring ? snapshot.nodes : snapshot.nodesWithAffinityPods) {
    for (const other of preferring ? node.pods.values() : node.podsWithAffinity) {
      for (const term of pod.preferredAffinity) credit(term, other, node, term.weight);
      for (const term of pod.preferredAntiAffinity) credit(term, other, node, -term.weight);
      for (const term of other.requiredAffinity) credit(term, pod, node, hardAffinityWeight);
      for (const term of other.preferredAffinity) credit(term, pod, node, term.weight);
      for (const term of other.preferredAntiAffinity) credit(term, pod, node, -term.weight);
    }
  }
  if (scores.size === 0) return undefined;
  return {
    score: (node) => {
      let sum = 0;
      for (const [key, values] of scores) {
        const value = node.labels[key];
        if (value !== undefined) sum += values.get(value) ?? 0;
      }
      return sum;
    },
    normalize: normalizeBetween,
  };
}

/** The lowest becomes 0, the highest 100. */
function normalizeBetween(scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    min = Math.min(min, score);
    max = Math.max(max, score);
  }
  for (let i = 0; i < scores.length; i++) {
    scores[i] = max === min ? 0 : Math.trunc((maxScore * ((scores[i] as number) - min)) / (max - min));
  }
}
