/**
 * Whom to remove so that a pod of higher priority fits (upstream's DefaultPreemption): on each node that pods could make
 * room on, the least important victims; among nodes the one that hurts least. Pure.
 */
import { check, type Diagnosis } from "./cycle.ts";
import { describeDiagnosis } from "./diagnosis.ts";
import type { Cycle, Filter, Rejection } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import { compileSelector, type PodInfo } from "./pod-info.ts";
import type { PodDisruptionBudget } from "../schema/types/policy-v1.ts";

export interface PreemptionOptions {
  readonly budgets: readonly PodDisruptionBudget[];
  readonly random: () => number;
}

export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** Victims whose disruption budget does not allow it. */
  readonly violations: number;
}

export type Preemption =
  | { readonly type: "preempt"; readonly candidate: Candidate }
  /** `clear`: a nomination that the pod has is of no use any more. */
  | { readonly type: "none"; readonly message: string; readonly clear: boolean };

const noVictims: Rejection = {
  plugin: "DefaultPreemption",
  unresolvable: true,
  reasons: ["No preemption victims found for incoming pod"],
};
const notHelpful: Rejection = {
  plugin: "DefaultPreemption",
  unresolvable: true,
  reasons: ["Preemption is not helpful for scheduling"],
};

/** Of the nodes that might do, at least so many are tried: a tenth, and not less than a hundred. */
const minCandidates = 100;
const minCandidatesPercent = 10;

export function preempt(cycle: Cycle, filters: readonly Filter[], diagnosis: Diagnosis, options: PreemptionOptions): Preemption {
  const ineligible = whyNotEligible(cycle, diagnosis);
  if (ineligible !== undefined) return { type: "none", message: ineligible, clear: false };
  const hopeful = diagnosis.preFilter !== undefined ? [] : cycle.snapshot.nodes.filter((node) => isHopeful(node, diagnosis));
  const statuses = new Map<string, Rejection>();
  const candidates = findCandidates(cycle, filters, hopeful, statuses, options);
  if (candidates.length === 0) {
    const verdict = { totalNodes: cycle.snapshot.nodes.length, preFilter: undefined, rejections: statuses, absent: notHelpful };
    return { type: "none", message: describeDiagnosis(verdict, ""), clear: true };
  }
  return { type: "preempt", candidate: pick(candidates) };
}

function isHopeful(node: NodeInfo, diagnosis: Diagnosis): boolean {
  const rejection = diagnosis.rejections.get(node.name) ?? diagnosis.absent;
  return rejection !== undefined && !rejection.unresolvable;
}

function whyNotEligible({ pod, snapshot }: Cycle, diagnosis: Diagnosis): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = pod.pod.status?.nominatedNodeName;
  if (!nominated) return undefined;
  if ((diagnosis.rejections.get(nominated) ?? diagnosis.absent)?.unresolvable === true) return undefined;
  for (const other of snapshot.node(nominated)?.pods.values() ?? []) {
    if (other.priority < pod.priority && isBeingPreempted(other)) {
      return "not eligible due to a terminating pod on the nominated node.";
    }
  }
  return undefined;
}

function isBeingPreempted(pod: PodInfo): boolean {
  const condition = pod.pod.status?.conditions?.find((c) => c.type === "DisruptionTarget");
  return pod.terminating && condition?.status === "True" && condition.reason === "PreemptionByScheduler";
}

function findCandidates(
  cycle: Cycle,
  filters: readonly Filter[],
  nodes: readonly NodeInfo[],
  statuses: Map<string, Rejection>,
  options: PreemptionOptions,
): Candidate[] {
  const wanted = Math.min(nodes.length, Math.max(minCandidates, Math.trunc((nodes.length * minCandidatesPercent) / 100)));
  const offset = Math.trunc(options.random() * nodes.length);
  const harmless: Candidate[] = [];
  const violating: Candidate[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(offset + i) % nodes.length] as NodeInfo;
    const found = selectVictims(cycle, filters, node, options.budgets);
    if ("reasons" in found) {
      statuses.set(node.name, found);
      continue;
    }
    (found.violations === 0 ? harmless : violating).push(found);
    if (harmless.length > 0 && harmless.length + violating.length >= wanted) break;
  }
  return [...harmless, ...violating];
}

/** Removes every pod of lower priority, then lets back as many as fit, the most important first. */
function selectVictims(
  cycle: Cycle,
  filters: readonly Filter[],
  real: NodeInfo,
  budgets: readonly PodDisruptionBudget[],
): Candidate | Rejection {
  const lower = [...real.pods.values()].filter((other) => other.priority < cycle.pod.priority);
  if (lower.length === 0) return noVictims;
  const node = real.fork();
  const forked = filters.map((filter) => filter.fork?.() ?? filter);
  const remove = (pod: PodInfo): void => {
    node.removePod(pod.uid);
    for (const filter of forked) filter.remove?.(pod, node);
  };
  const add = (pod: PodInfo): void => {
    node.addPod(pod);
    for (const filter of forked) filter.add?.(pod, node);
  };
  for (const pod of lower) remove(pod);
  const rejection = check(cycle, forked, node);
  if (rejection !== undefined) return rejection;
  lower.sort(byImportance);
  const { violating, harmless } = splitByBudget(lower, budgets);
  const victims: PodInfo[] = [];
  let violations = 0;
  for (const pod of [...violating, ...harmless]) {
    add(pod);
    if (check(cycle, forked, node) === undefined) continue;
    remove(pod);
    victims.push(pod);
    if (violating.includes(pod)) violations++;
  }
  victims.sort(byImportance);
  // Nothing has to go when the pod fits beside all of them: the node has changed since it was filtered.
  return victims.length === 0 ? noVictims : { node: real, victims, violations };
}

/** Higher priority first, then the one that has run longer. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

/** Milliseconds; a pod that has not started is the youngest. */
function startOf(pod: PodInfo): number {
  const time = pod.pod.status?.startTime;
  return time === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(time);
}

function splitByBudget(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): { violating: PodInfo[]; harmless: PodInfo[] } {
  const allowed = budgets.map((budget) => budget.status?.disruptionsAllowed ?? 0);
  const violating: PodInfo[] = [];
  const harmless: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    budgets.forEach((budget, i) => {
      if (!covers(budget, pod)) return;
      allowed[i] = (allowed[i] as number) - 1;
      if ((allowed[i] as number) < 0) violates = true;
    });
    (violates ? violating : harmless).push(pod);
  }
  return { violating, harmless };
}

/** A budget without a selector, and one whose selector is empty, covers nothing here. */
function covers(budget: PodDisruptionBudget, pod: PodInfo): boolean {
  const selector = budget.spec?.selector;
  if (budget.metadata?.namespace !== pod.namespace || selector === undefined) return false;
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0) return false;
  if (Object.keys(pod.labels).length === 0 || !compileSelector(selector).matches(pod.labels)) return false;
  return !Object.hasOwn(budget.status?.disruptedPods ?? {}, pod.name);
}

/**
 * Fewest budget violations; lowest first victim; lowest sum of priorities; fewest victims; the latest start of the most
 * important victims; else the first.
 */
function pick(candidates: readonly Candidate[]): Candidate {
  const measures: ((candidate: Candidate) => number)[] = [
    (c) => c.violations,
    (c) => c.victims[0]?.priority ?? 0,
    // Shifted so that many pods of negative priority do not count for less than one.
    (c) => c.victims.reduce((sum, victim) => sum + victim.priority + 2 ** 31, 0),
    (c) => c.victims.length,
    (c) => -earliestStart(c.victims),
  ];
  let left = candidates;
  for (const measure of measures) {
    const lowest = Math.min(...left.map(measure));
    left = left.filter((candidate) => measure(candidate) === lowest);
    if (left.length === 1) break;
  }
  return left[0] as Candidate;
}

function earliestStart(victims: readonly PodInfo[]): number {
  const top = victims[0]?.priority;
  return Math.min(...victims.filter((victim) => victim.priority === top).map(startOf));
}
