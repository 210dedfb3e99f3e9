/** A pod with what scheduling asks of it again and again, worked out once. */
import { isSidecar } from "../kinds/pod/containers.ts";
import { labelSelectorMatcher } from "../schema/label-selector.ts";
import type { Pod, PodAffinityTerm } from "../schema/types/core-v1.ts";
import type { LabelSelector } from "../schema/types/meta-v1.ts";
import type { Amounts } from "./amounts.ts";
import { nonZeroRequestedBy, requestedBy } from "./amounts.ts";

type Labels = Readonly<Record<string, string>>;
const noLabels: Labels = {};

/** A selector of objects by labels. One object a meaning: selectors that say the same are the same. */
export interface Selector {
  /** What it says, for keys of caches. */
  readonly text: string;
  readonly matches: (labels: Labels) => boolean;
}

export interface AffinityTerm {
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  /** Selects namespaces by their labels, besides those that are named. */
  readonly namespaceSelector: Selector | undefined;
  readonly selector: Selector;
  readonly weight: number;
  /** What it says, for keys of caches. */
  readonly text: string;
}

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export class PodInfo {
  readonly pod: Pod;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly priority: number;
  readonly requests: Amounts;
  readonly nonZero: { milliCpu: number; memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];

  /** `previous`: the same pod before, from which is taken over what its spec decides when that has not changed. */
  constructor(pod: Pod, previous?: PodInfo) {
    this.pod = pod;
    this.uid = pod.metadata?.uid ?? "";
    this.namespace = pod.metadata?.namespace ?? "";
    this.name = pod.metadata?.name ?? "";
    this.labels = pod.metadata?.labels ?? noLabels;
    this.priority = pod.spec?.priority ?? 0;
    const from = previous !== undefined && sameSpec(previous.pod, pod) ? previous : undefined;
    this.requests = from?.requests ?? requestedBy(pod);
    this.nonZero = from?.nonZero ?? nonZeroRequestedBy(pod);
    this.hostPorts = from?.hostPorts ?? hostPortsOf(pod);
    const affinity = pod.spec?.affinity;
    this.requiredAffinity = from?.requiredAffinity ?? termsOf(pod, affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    this.requiredAntiAffinity =
      from?.requiredAntiAffinity ?? termsOf(pod, affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    this.preferredAffinity =
      from?.preferredAffinity ?? weighted(pod, affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    this.preferredAntiAffinity =
      from?.preferredAntiAffinity ?? weighted(pod, affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
  }

  /** For other pods and for its node it makes no difference which of the two is there. */
  countsAs(other: PodInfo): boolean {
    return (
      this.requests === other.requests &&
      this.hostPorts === other.hostPorts &&
      this.terminating === other.terminating &&
      (this.labels === other.labels || JSON.stringify(this.labels) === JSON.stringify(other.labels))
    );
  }

  get terminating(): boolean {
    return this.pod.metadata?.deletionTimestamp !== undefined;
  }

  get hasAffinity(): boolean {
    return (
      this.requiredAffinity.length + this.requiredAntiAffinity.length + this.preferredAffinity.length + this.preferredAntiAffinity.length >
      0
    );
  }
}

/**
 * Binding does not count up the generation, and nothing else changes a spec without it. From the second generation on a
 * resize may be under way, whose progress the status tells.
 */
function sameSpec(before: Pod, after: Pod): boolean {
  return before.metadata?.generation === 1 && after.metadata?.generation === 1 && before.metadata.uid === after.metadata.uid;
}

const compiled = new WeakMap<LabelSelector, Selector>();
const interned = new Map<string, Selector>();
/** Beyond this the texts that are known are forgotten: nothing but time depends on them. */
const maxInterned = 10_000;
const nothing: Selector = { text: "", matches: () => false };

/** The one selector with this text; `make` is called when it is new. */
export function internSelector(text: string, make: () => (labels: Labels) => boolean): Selector {
  let selector = interned.get(text);
  if (selector === undefined) {
    if (interned.size >= maxInterned) interned.clear();
    interned.set(text, (selector = { text, matches: make() }));
  }
  return selector;
}

/** `undefined` selects nothing, an empty selector everything, as metav1 has it. Frozen objects are looked at once. */
export function compileSelector(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing;
  let found = compiled.get(selector);
  if (found === undefined) {
    found = internSelector(JSON.stringify(selector), () => {
      const matcher = labelSelectorMatcher(selector);
      return (labels) => matcher.matches(labels);
    });
    compiled.set(selector, found);
  }
  return found;
}

const noTerms: AffinityTerm[] = [];

function weighted(pod: Pod, terms: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined): AffinityTerm[] {
  return terms === undefined ? noTerms : terms.map(({ weight, podAffinityTerm }) => compileTerm(pod, podAffinityTerm, weight));
}

function termsOf(pod: Pod, terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] {
  return terms === undefined ? noTerms : terms.map((term) => compileTerm(pod, term, 0));
}

/** Without namespaces and namespace selector a term means the pod's own namespace. */
function compileTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const named = term.namespaces ?? [];
  const own = named.length === 0 && term.namespaceSelector === undefined;
  return {
    topologyKey: term.topologyKey,
    namespaces: new Set(own ? [pod.metadata?.namespace ?? ""] : named),
    namespaceSelector: term.namespaceSelector === undefined ? undefined : compileSelector(term.namespaceSelector),
    selector: compileSelector(term.labelSelector),
    weight,
    text: JSON.stringify([own ? pod.metadata?.namespace : "", term, weight]),
  };
}

/** Whether `term` speaks of `pod`; `namespaceLabels` are those of the pod's namespace. */
export function termMatches(term: AffinityTerm, pod: PodInfo, namespaceLabels: Labels): boolean {
  return (
    (term.namespaces.has(pod.namespace) || term.namespaceSelector?.matches(namespaceLabels) === true) && term.selector.matches(pod.labels)
  );
}

const noPorts: HostPort[] = [];

function hostPortsOf(pod: Pod): HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar);
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (hostPort) ports.push({ ip: hostIP || "0.0.0.0", protocol: protocol || "TCP", port: hostPort });
    }
  }
  return ports.length === 0 ? noPorts : ports;
}
