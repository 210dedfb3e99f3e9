/** Affinity and anti-affinity between pods: the incoming pod's terms, and those of the pods that are there. */
import { type Cycle, type Filter, maxScore, type Plugin, type Rejection, type Scorer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { addToTotals, type Contribute, copyTotals, foldPairs, type PairTotals, totalOf } from "../pair-fold.ts";
import type { Snapshot } from "../snapshot.ts";
import { type AffinityTerm, type PodInfo, termMatches } from "../pod-info.ts";

type Labels = Readonly<Record<string, string>>;

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
  prepareScore: (cycle) => prepareScore(cycle),
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

function matchesAll(terms: readonly AffinityTerm[], pod: PodInfo, labels: Labels): boolean {
  return terms.length > 0 && terms.every((term) => termMatches(term, pod, labels));
}

/** What a term of another pod may ask about this one, as a key. */
function identityOf(pod: PodInfo, snapshot: Snapshot): string {
  return JSON.stringify([pod.namespace, pod.labels, snapshot.namespaceLabels(pod.namespace)]);
}

type Add = (key: string, value: string, by: number) => void;

/** Adds `by` for the node's domain under the term's key, if it has one. */
function credit(node: NodeInfo, term: AffinityTerm, by: number, add: Add): void {
  const value = node.labels[term.topologyKey];
  if (value !== undefined) add(term.topologyKey, value, by);
}

function prepare({ pod, snapshot }: Cycle): Filter | undefined {
  const existing =
    snapshot.nodesWithRequiredAntiAffinityPods.size === 0
      ? noTotals
      : foldPairs(snapshot, `anti ${identityOf(pod, snapshot)}`, (node, add) => {
          const labels = snapshot.namespaceLabels(pod.namespace);
          for (const other of node.podsWithRequiredAntiAffinity) {
            for (const term of other.requiredAntiAffinity) if (termMatches(term, pod, labels)) credit(node, term, 1, add);
          }
        });
  if (pod.requiredAffinity.length === 0 && pod.requiredAntiAffinity.length === 0 && existing.size === 0) return undefined;
  const { affinity, antiAffinity } = countOwn(pod, snapshot);
  return new AffinityFilter(pod, snapshot, existing, affinity, antiAffinity);
}

const noTotals: PairTotals = new Map();

/** Pods that all of the affinity terms speak of, and those that each anti-affinity term speaks of, by domain. */
function countOwn(pod: PodInfo, snapshot: Snapshot): { affinity: PairTotals; antiAffinity: PairTotals } {
  const fold = (name: string, terms: readonly AffinityTerm[], contribute: Contribute): PairTotals => {
    if (terms.length === 0) return noTotals;
    // Labels of namespaces may change without any node changing: such terms are counted anew.
    if (terms.some((term) => term.namespaceSelector !== undefined)) return sumNow(snapshot, contribute);
    return foldPairs(snapshot, `${name} ${terms.map((term) => term.text).join()}`, contribute);
  };
  return {
    affinity: fold("affinity", pod.requiredAffinity, (node, add) => {
      for (const other of node.pods.values()) addAffinity(pod, other, node, snapshot, 1, add);
    }),
    antiAffinity: fold("anti-affinity", pod.requiredAntiAffinity, (node, add) => {
      for (const other of node.pods.values()) addAntiAffinity(pod, other, node, snapshot, 1, add);
    }),
  };
}

function addAffinity(pod: PodInfo, other: PodInfo, node: NodeInfo, snapshot: Snapshot, by: number, add: Add): void {
  if (!matchesAll(pod.requiredAffinity, other, snapshot.namespaceLabels(other.namespace))) return;
  for (const term of pod.requiredAffinity) credit(node, term, by, add);
}

function addAntiAffinity(pod: PodInfo, other: PodInfo, node: NodeInfo, snapshot: Snapshot, by: number, add: Add): void {
  const labels = snapshot.namespaceLabels(other.namespace);
  for (const term of pod.requiredAntiAffinity) if (termMatches(term, other, labels)) credit(node, term, by, add);
}

type OwnTotals = Map<string, Map<string, number>>;

class AffinityFilter implements Filter {
  readonly #pod: PodInfo;
  readonly #snapshot: Snapshot;
  /** Anti-affinity terms of pods that are there which speak of this pod. */
  readonly #existing: PairTotals;
  readonly #affinity: PairTotals;
  readonly #antiAffinity: PairTotals;

  constructor(pod: PodInfo, snapshot: Snapshot, existing: PairTotals, affinity: PairTotals, antiAffinity: PairTotals) {
    this.#pod = pod;
    this.#snapshot = snapshot;
    this.#existing = existing;
    this.#affinity = affinity;
    this.#antiAffinity = antiAffinity;
  }

  check(node: NodeInfo): Rejection | undefined {
    if (!this.#meetsAffinity(node)) return affinityUnmet;
    for (const { topologyKey } of this.#pod.requiredAntiAffinity) {
      const value = node.labels[topologyKey];
      if (value !== undefined && totalOf(this.#antiAffinity, topologyKey, value) > 0) return antiAffinityUnmet;
    }
    for (const [key, values] of this.#existing) {
      const value = node.labels[key];
      if (value !== undefined && (values.get(value) ?? 0) > 0) return existingUnmet;
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
      if (totalOf(this.#affinity, topologyKey, value) <= 0) present = false;
    }
    if (present) return true;
    return this.#affinity.size === 0 && matchesAll(terms, this.#pod, this.#snapshot.namespaceLabels(this.#pod.namespace));
  }

  fork(): Filter {
    const [existing, affinity, antiAffinity] = [this.#existing, this.#affinity, this.#antiAffinity].map(copyTotals);
    return new AffinityFilter(this.#pod, this.#snapshot, existing as OwnTotals, affinity as OwnTotals, antiAffinity as OwnTotals);
  }

  add(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1);
  }

  /** Only on forks, whose totals are their own. */
  #change(other: PodInfo, node: NodeInfo, by: number): void {
    const to =
      (totals: PairTotals): Add =>
      (key, value, amount) =>
        addToTotals(totals as OwnTotals, key, value, amount);
    const labels = this.#snapshot.namespaceLabels(this.#pod.namespace);
    for (const term of other.requiredAntiAffinity) {
      if (termMatches(term, this.#pod, labels)) credit(node, term, by, to(this.#existing));
    }
    addAffinity(this.#pod, other, node, this.#snapshot, by, to(this.#affinity));
    addAntiAffinity(this.#pod, other, node, this.#snapshot, by, to(this.#antiAffinity));
  }
}

function prepareScore({ pod, snapshot }: Cycle): Scorer | undefined {
  const own = [...pod.preferredAffinity, ...pod.preferredAntiAffinity];
  if (own.length === 0 && snapshot.nodesWithAffinityPods.size === 0) return undefined;
  const contribute: Contribute = (node, add) => {
    const labels = snapshot.namespaceLabels(pod.namespace);
    for (const other of own.length > 0 ? node.pods.values() : node.podsWithAffinity) {
      const theirs = snapshot.namespaceLabels(other.namespace);
      for (const term of pod.preferredAffinity) if (termMatches(term, other, theirs)) credit(node, term, term.weight, add);
      for (const term of pod.preferredAntiAffinity) if (termMatches(term, other, theirs)) credit(node, term, -term.weight, add);
      for (const term of other.requiredAffinity) if (termMatches(term, pod, labels)) credit(node, term, hardAffinityWeight, add);
      for (const term of other.preferredAffinity) if (termMatches(term, pod, labels)) credit(node, term, term.weight, add);
      for (const term of other.preferredAntiAffinity) if (termMatches(term, pod, labels)) credit(node, term, -term.weight, add);
    }
  };
  const anew = own.some((term) => term.namespaceSelector !== undefined);
  const name = `prefer ${identityOf(pod, snapshot)} ${own.map((term) => term.text).join()} ${pod.preferredAffinity.length}`;
  const totals: PairTotals = anew ? sumNow(snapshot, contribute) : foldPairs(snapshot, name, contribute);
  if (totals.size === 0) return undefined;
  return {
    score: (node) => {
      let sum = 0;
      for (const [key, values] of totals) {
        const value = node.labels[key];
        if (value !== undefined) sum += values.get(value) ?? 0;
      }
      return sum;
    },
    normalize: normalizeBetween,
  };
}

function sumNow(snapshot: Snapshot, contribute: Contribute): PairTotals {
  const totals: OwnTotals = new Map();
  for (const node of snapshot.nodes) contribute(node, (key, value, by) => by !== 0 && addToTotals(totals, key, value, by));
  return totals;
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
