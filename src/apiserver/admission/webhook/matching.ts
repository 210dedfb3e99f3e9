/** Whether a webhook is to be called for a request, and for which of the equivalent resources. */
import { forbidden } from "../../../core/api-error.ts";
import type { Clock } from "../../../core/clock.ts";
import { Answers, type AuthorizationAnswer, type AuthorizationRequest, withAnswers } from "../../../lang/cel/index.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import type { ResourceDefinition } from "../../resource.ts";
import type { ConditionMetrics } from "../condition-metrics.ts";
import { type Equivalent, equivalentResources, ownResource } from "../equivalents.ts";
import { activation } from "../expressions.ts";
import { ruleMatches } from "../rules.ts";
import { type NamespaceLookup, namespaceSelected, objectSelected, settled } from "../selectors.ts";
import type { Hook } from "./hooks.ts";
import type { Question } from "./review.ts";

export interface MatchingDeps {
  /** Everything that is served now. */
  readonly definitions: () => readonly ResourceDefinition[];
  readonly namespaces: NamespaceLookup;
  readonly authorize: (request: AuthorizationRequest) => AuthorizationAnswer | Promise<AuthorizationAnswer>;
  readonly conditionMetrics: ConditionMetrics;
  readonly clock: Clock;
}

/** The resource that a webhook's rules have matched; undefined when it is not to be called. Throws an ApiError. */
export async function matchHook(hook: Hook, attributes: AdmissionAttributes, deps: MatchingDeps): Promise<Equivalent | undefined> {
  // What is cheap and says no most often comes first. The order of failures is upstream's all the same.
  const matched = matchRules(hook, attributes, deps);
  if (matched === undefined) return undefined;
  const inNamespace = await settled(() => namespaceSelected(hook.namespaceSelector, attributes, deps.namespaces));
  if (inNamespace === false) return undefined;
  const selected = await settled(() => objectSelected(hook.objectSelector, attributes));
  if (selected === false) return undefined;
  for (const outcome of [inNamespace, selected]) if (outcome instanceof Error) throw outcome;
  return matched;
}

function matchRules(hook: Hook, attributes: AdmissionAttributes, deps: MatchingDeps): Equivalent | undefined {
  const { rules = [], matchPolicy } = hook.spec;
  const own = { group: attributes.definition.group, version: attributes.version, resource: attributes.definition.resource };
  if (rules.some((rule) => ruleMatches(rule, attributes, own))) return ownResource(attributes);
  if (matchPolicy !== "Equivalent") return undefined;
  const others = equivalentResources(deps.definitions(), attributes);
  for (const rule of rules) for (const other of others) if (ruleMatches(rule, attributes, other)) return other;
  return undefined;
}

/** Whether the conditions let the call through. Throws the 403 of conditions that could not be evaluated. */
export async function conditionsMatch(hook: Hook, type: string, question: Question, deps: MatchingDeps): Promise<boolean> {
  const { conditions } = hook;
  if (conditions === undefined) return true;
  const { attributes } = question;
  const answers = new Answers<AuthorizationRequest, AuthorizationAnswer>();
  const started = deps.clock.monotonic();
  const result = await withAnswers(() => conditions.match(() => activation({ ...question, answers })), answers, deps.authorize);
  const owner = { name: hook.spec.name, kind: "webhook", type, operation: attributes.operation };
  deps.conditionMetrics.evaluated(owner, (deps.clock.monotonic() - started) / 1000, result.errors);
  if ("error" in result) {
    const { group, resource } = attributes.definition;
    throw forbidden({ group, resource }, attributes.name, result.error);
  }
  if (!result.matches) deps.conditionMetrics.excluded(owner);
  return result.matches;
}
