/** What a policy says of a request. Source: `k8s.io/apiserver/pkg/audit/policy` checker. */
import type { Attributes } from "../../auth/authorizer.ts";
import type { AuditConfig, AuditPolicy, PolicyRule } from "./policy-types.ts";

/** The first rule that fits decides; where none does, nothing is told. */
export function evaluatePolicy(policy: AuditPolicy, attributes: Attributes): AuditConfig {
  for (const rule of policy.rules) {
    if (!fits(rule, attributes)) continue;
    return { level: rule.level, omitStages: rule.omitStages, omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields };
  }
  return { level: "None", omitStages: policy.omitStages, omitManagedFields: policy.omitManagedFields };
}

/** `attributes.user` may be missing: who could not be authenticated has none. */
function fits(rule: PolicyRule, attributes: Attributes): boolean {
  const user = attributes.user as Attributes["user"] | undefined;
  if (rule.users.length > 0 && (user === undefined || !rule.users.includes(user.name))) return false;
  if (rule.userGroups.length > 0 && user?.groups.some((group) => rule.userGroups.includes(group)) !== true) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(attributes.verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return fitsResource(rule, attributes);
  if (rule.nonResourceURLs.length > 0)
    return !attributes.resourceRequest && rule.nonResourceURLs.some((spec) => pathFits(attributes.path, spec));
  return true;
}

function pathFits(path: string, spec: string): boolean {
  if (spec === "*" || spec === path) return true;
  return spec.endsWith("*") && path.startsWith(spec.replace(/\*+$/, ""));
}

function fitsResource(rule: PolicyRule, a: Attributes): boolean {
  if (!a.resourceRequest) return false;
  if (rule.namespaces.length > 0 && !rule.namespaces.includes(a.namespace)) return false;
  if (rule.resources.length === 0) return true;
  const combined = a.subresource === "" ? a.resource : `${a.resource}/${a.subresource}`;
  return rule.resources.some(({ group, resources, resourceNames }) => {
    if (group !== a.group && group !== "*") return false;
    if (resources.length === 0) return true;
    if (resourceNames.length > 0 && !resourceNames.includes(a.name)) return false;
    return resources.some(
      (wanted) =>
        wanted === combined || wanted === "*" || (a.subresource !== "" && wanted === `*/${a.subresource}`) || wanted === `${a.resource}/*`,
    );
  });
}
