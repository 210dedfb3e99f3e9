/** Whether a request is one that a policy, or a binding, is about (`MatchResources`). */
import { type LabelSelectorMatcher, labelSelectorMatcher } from "../../../schema/label-selector.ts";
import type { MatchResources, NamedRuleWithOperations } from "../../../schema/types/admissionregistration-v1.ts";
import type { LabelSelector } from "../../../schema/types/meta-v1.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import type { ResourceDefinition } from "../../resource.ts";
import { type Equivalent, equivalentResources, ownResource } from "../equivalents.ts";
import { ruleMatches } from "../rules.ts";
import { type NamespaceLookup, namespaceSelected, objectSelected, settled } from "../selectors.ts";

export interface MatchingDeps {
  readonly definitions: () => readonly ResourceDefinition[];
  readonly namespaces: NamespaceLookup;
}

/** The resource that was matched, the request's own or an equivalent one; undefined: the request is another one. */
export async function matchResources(
  wanted: MatchResources,
  attributes: AdmissionAttributes,
  deps: MatchingDeps,
): Promise<Equivalent | undefined> {
  // Rules say no most often, and cost least; the order of failures is upstream's all the same.
  const { excludeResourceRules = [], resourceRules = [], matchPolicy } = wanted;
  if (excludeResourceRules.length > 0 && matchRules(excludeResourceRules, matchPolicy, attributes, deps) !== undefined) return undefined;
  const matched = resourceRules.length === 0 ? ownResource(attributes) : matchRules(resourceRules, matchPolicy, attributes, deps);
  if (matched === undefined) return undefined;
  const { namespaceSelector, objectSelector } = wanted;
  if (namespaceSelector === undefined) throw new Error("a nil namespace selector was passed, please provide a namespace selector");
  if (objectSelector === undefined) throw new Error("a nil object selector was passed, please provide a object selector");
  if (isEmpty(namespaceSelector) && isEmpty(objectSelector)) return matched;
  const inNamespace = await settled(() => namespaceSelected(matcherOf(namespaceSelector), attributes, deps.namespaces));
  if (inNamespace === false) return undefined;
  const selected = await settled(() => objectSelected(matcherOf(objectSelector), attributes));
  if (selected === false) return undefined;
  for (const outcome of [inNamespace, selected]) if (outcome instanceof Error) throw outcome;
  return matched;
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return matchLabels === undefined && matchExpressions === undefined;
}

const matchers = new WeakMap<LabelSelector, LabelSelectorMatcher>();

function matcherOf(selector: LabelSelector): LabelSelectorMatcher {
  let matcher = matchers.get(selector);
  if (matcher === undefined) matchers.set(selector, (matcher = labelSelectorMatcher(selector)));
  return matcher;
}

function matchRules(
  rules: readonly NamedRuleWithOperations[],
  matchPolicy: string | undefined,
  attributes: AdmissionAttributes,
  deps: MatchingDeps,
): Equivalent | undefined {
  const own = { group: attributes.definition.group, version: attributes.version, resource: attributes.definition.resource };
  const names = ({ resourceNames = [] }: NamedRuleWithOperations): boolean =>
    resourceNames.length === 0 || resourceNames.includes(attributes.name);
  if (rules.some((rule) => ruleMatches(rule, attributes, own) && names(rule))) return ownResource(attributes);
  if (matchPolicy === undefined || matchPolicy === "Exact") return undefined;
  const others = equivalentResources(deps.definitions(), attributes);
  for (const rule of rules) for (const other of others) if (ruleMatches(rule, attributes, other) && names(rule)) return other;
  return undefined;
}
