/** Whether one RBAC rule allows one request, and whether rules cover other rules. Pure. */
import type { PolicyRule } from "../../schema/types/rbac-v1.ts";
import type { Attributes } from "../authorizer.ts";

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes("*"));
}

function resourceMatches(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (list === undefined) return false;
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  return list.includes("*") || list.includes(combined) || (subresource !== "" && list.includes(`*/${subresource}`));
}

function pathCovers(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.replace(/\*+$/, ""));
}

/** True when `rule` alone allows the request. */
export function ruleAllows(a: Attributes, rule: PolicyRule): boolean {
  if (!has(rule.verbs, a.verb)) return false;
  if (!a.resourceRequest) return rule.nonResourceURLs?.some((pattern) => pathCovers(pattern, a.path)) ?? false;
  const names = rule.resourceNames;
  return (
    has(rule.apiGroups, a.group) &&
    resourceMatches(rule.resources, a.resource, a.subresource) &&
    (names === undefined || names.length === 0 || names.includes(a.name))
  );
}

/** The same rule as many that have one verb, one group, one resource and at most one name each. */
export function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames === undefined || rule.resourceNames.length === 0) parts.push(part);
        else for (const name of rule.resourceNames) parts.push({ ...part, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  return parts;
}

const hasAll = (set: readonly string[], wanted: readonly string[]): boolean => wanted.every((w) => set.includes(w));

function resourcesCover(owned: readonly string[], wanted: readonly string[]): boolean {
  if (owned.includes("*")) return true;
  return wanted.every((w) => owned.includes(w) || (w.includes("/") && owned.includes(`*/${w.slice(w.indexOf("/") + 1)}`)));
}

function ruleCovers(owner: PolicyRule, part: PolicyRule): boolean {
  const names = owner.resourceNames ?? [];
  const wantedNames = part.resourceNames ?? [];
  return (
    (owner.verbs.includes("*") || hasAll(owner.verbs, part.verbs)) &&
    ((owner.apiGroups ?? []).includes("*") || hasAll(owner.apiGroups ?? [], part.apiGroups ?? [])) &&
    resourcesCover(owner.resources ?? [], part.resources ?? []) &&
    (part.nonResourceURLs ?? []).every((url) => (owner.nonResourceURLs ?? []).some((own) => own === url || pathCovers(own, url))) &&
    (names.length === 0 || (wantedNames.length > 0 && hasAll(names, wantedNames)))
  );
}

/** What of `wanted` is not covered by `owned`; empty when all is. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => ruleCovers(rule, part)));
}

/** Joins rules that differ in their verbs only. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const byResource = new Map<string, PolicyRule>();
  const rest: PolicyRule[] = [];
  for (const rule of rules) {
    if (rule.apiGroups?.length !== 1 || rule.resources?.length !== 1 || (rule.nonResourceURLs?.length ?? 0) > 0) {
      rest.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []]);
    const known = byResource.get(key);
    byResource.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] });
  }
  return [...byResource.values(), ...rest];
}

const list = (values: readonly string[]): string => `[${values.map((v) => JSON.stringify(v)).join(" ")}]`;

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`, as refusals name rules. */
export function describeRule(rule: PolicyRule): string {
  const parts: string[] = [];
  if (rule.apiGroups?.length) parts.push(`APIGroups:${list(rule.apiGroups)}`);
  if (rule.resources?.length) parts.push(`Resources:${list(rule.resources)}`);
  if (rule.nonResourceURLs?.length) parts.push(`NonResourceURLs:${list(rule.nonResourceURLs)}`);
  if (rule.resourceNames?.length) parts.push(`ResourceNames:${list(rule.resourceNames)}`);
  if (rule.verbs.length) parts.push(`Verbs:${list(rule.verbs)}`);
  return `{${parts.join(", ")}}`;
}
