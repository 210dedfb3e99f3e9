/** Whether a request is one that the rules of a webhook or policy are about (`RuleWithOperations`). */
import type { AdmissionAttributes } from "../admission.ts";

/** The part of `admissionregistration.k8s.io` RuleWithOperations (and NamedRuleWithOperations) that is looked at. */
export interface Rule {
  readonly operations?: readonly string[] | undefined;
  readonly apiGroups?: readonly string[] | undefined;
  readonly apiVersions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly scope?: string | undefined;
}

/** The resource that a rule is asked about: the request's, or an equivalent one. */
export interface AskedResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export function ruleMatches(rule: Rule, attributes: AdmissionAttributes, asked: AskedResource): boolean {
  return (
    scopeMatches(rule, attributes, asked) &&
    has(rule.operations, attributes.operation) &&
    has(rule.apiGroups, asked.group) &&
    has(rule.apiVersions, asked.version) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, asked.resource, attributes.subresource))
  );
}

function has(items: readonly string[] | undefined, value: string): boolean {
  return items !== undefined && (items.includes(value) || items.includes("*"));
}

/** Requests for a namespace carry its name as their namespace, and are cluster-scoped all the same. */
function scopeMatches({ scope }: Rule, { namespace }: AdmissionAttributes, asked: AskedResource): boolean {
  if (scope === undefined || scope === "*") return true;
  const cluster = namespace === "" || (asked.group === "" && asked.version === "v1" && asked.resource === "namespaces");
  if (scope === "Namespaced") return !cluster;
  return scope === "Cluster" && cluster;
}

function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf("/");
  const [of, below] = slash < 0 ? [pattern, ""] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  return (of === "*" || of === resource) && (below === "*" || below === subresource);
}

const exemptKinds = new Set([
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
]);

/** What configures admission is not subject to it: a webhook could not be repaired otherwise. */
export function isExempt({ definition }: AdmissionAttributes): boolean {
  return definition.group === "admissionregistration.k8s.io" && exemptKinds.has(definition.kind);
}
