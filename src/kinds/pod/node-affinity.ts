/** Node selectors, compiled once and asked for many nodes. */
import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "../../schema/types/core-v1.ts";

export type NodePredicate = (node: Node) => boolean;

type Labels = Readonly<Record<string, string>>;

const none: Labels = {};

/** Terms are alternatives; a term without requirements, and one that is malformed, matches nothing. */
export function compileNodeSelector(selector: NodeSelector): NodePredicate {
  const terms = (selector.nodeSelectorTerms ?? []).map(compileTerm).filter((term) => term !== undefined);
  return (node) => terms.some((term) => term(node));
}

/** `nodeSelector` and required node affinity together; undefined when the pod asks for neither. */
export function compileRequiredNodeAffinity(pod: Pod): NodePredicate | undefined {
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const labels = Object.entries(pod.spec?.nodeSelector ?? none);
  if (required === undefined && labels.length === 0) return undefined;
  const affinity = required === undefined ? undefined : compileNodeSelector(required);
  return (node) => {
    const own: Labels = node.metadata?.labels ?? none;
    for (const [key, value] of labels) if (own[key] !== value) return false;
    return affinity === undefined || affinity(node);
  };
}

/** Sum of the weights of the preferred terms that match; undefined when there are none. */
export function compilePreferredNodeAffinity(pod: Pod): ((node: Node) => number) | undefined {
  const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const terms = preferred.flatMap(({ weight, preference }) => {
    const matches = weight === 0 ? undefined : compileTerm(preference);
    return matches === undefined ? [] : [{ weight, matches }];
  });
  if (preferred.length === 0) return undefined;
  return (node) => terms.reduce((sum, term) => sum + (term.matches(node) ? term.weight : 0), 0);
}

/**
 * The node names that required affinity pins by `metadata.name In`; undefined when some term pins none. An empty set:
 * the terms contradict themselves.
 */
export function pinnedNodeNames(pod: Pod): Set<string> | undefined {
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    let own: Set<string> | undefined;
    for (const { key, operator, values } of term.matchFields ?? []) {
      if (key !== "metadata.name" || operator !== "In") continue;
      const these = new Set(values ?? []);
      own = own === undefined ? these : new Set([...own].filter((name) => these.has(name)));
    }
    if (own === undefined) return undefined;
    for (const name of own) names.add(name);
  }
  return names;
}

function compileTerm(term: NodeSelectorTerm): NodePredicate | undefined {
  const expressions = (term.matchExpressions ?? []).map(compileLabelRequirement);
  const fields = (term.matchFields ?? []).map(compileFieldRequirement);
  if (expressions.length === 0 && fields.length === 0) return undefined;
  if (expressions.includes(undefined) || fields.includes(undefined)) return undefined;
  return (node) => {
    const labels: Labels = node.metadata?.labels ?? none;
    return expressions.every((matches) => matches?.(labels)) && fields.every((matches) => matches?.(node));
  };
}

function compileLabelRequirement({ key, operator, values = [] }: NodeSelectorRequirement): ((labels: Labels) => boolean) | undefined {
  switch (operator) {
    case "In":
      return (labels) => values.includes(labels[key] as string);
    case "NotIn":
      return (labels) => labels[key] === undefined || !values.includes(labels[key]);
    case "Exists":
      return (labels) => labels[key] !== undefined;
    case "DoesNotExist":
      return (labels) => labels[key] === undefined;
    case "Gt":
    case "Lt": {
      const bound = integer(values[0]);
      if (bound === undefined || values.length !== 1) return undefined;
      return (labels) => {
        const value = integer(labels[key]);
        return value !== undefined && (operator === "Gt" ? value > bound : value < bound);
      };
    }
    default:
      return undefined;
  }
}

function compileFieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement): NodePredicate | undefined {
  if (values.length !== 1 || (operator !== "In" && operator !== "NotIn")) return undefined;
  const wanted = operator === "In";
  return (node) => (key === "metadata.name" && node.metadata?.name === values[0]) === wanted;
}

function integer(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined;
}
