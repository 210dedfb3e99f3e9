/**
 * Nobody hands out through RBAC what they do not hold themselves, unless they may `escalate` roles or `bind` the role in
 * question (upstream's RBAC documentation, "Privilege escalation prevention and bootstrapping").
 */
import { forbidden, notFound } from "../../core/api-error.ts";
import type { PolicyRule, RoleRef } from "../../schema/types/rbac-v1.ts";
import type { Attributes, Authorizer } from "../authorizer.ts";
import { aggregate } from "../authorizers.ts";
import { mastersGroup } from "../names.ts";
import type { UserInfo } from "../user.ts";
import type { RbacAuthorizer } from "./rbac-authorizer.ts";
import { compact, describeRule, uncovered } from "./rules.ts";

const group = "rbac.authorization.k8s.io";

export interface EscalationChecks {
  readonly rbac: RbacAuthorizer;
  /** All authorizers together: `escalate` and `bind` may be allowed by any of them. */
  readonly authorizer: Authorizer;
}

function attributes(user: UserInfo, verb: string, resource: string, namespace: string, name: string): Attributes {
  return { user, verb, resourceRequest: true, path: "", group, version: "*", resource, subresource: "", namespace, name };
}

/** Why `user` may not grant `rules` in `namespace`; undefined when it may. */
export function missingRights(rbac: RbacAuthorizer, user: UserInfo, namespace: string, rules: readonly PolicyRule[]): string | undefined {
  const own = rbac.policyRulesFor(user, namespace);
  const missing = uncovered(own.rules, rules);
  if (missing.length === 0) return undefined;
  const described = [...new Set(compact(missing).map(describeRule))].sort();
  const groups = `[${user.groups.map((g) => JSON.stringify(g)).join(" ")}]`;
  const text = `user ${JSON.stringify(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${described.join("\n")}`;
  return own.errors.length === 0 ? text : `${text}; resolution errors: ${aggregate(own.errors)}`;
}

/**
 * Called before a role (`resource` roles or clusterroles) is created, or updated with other rules. `requestName` is the
 * name in the request's path: empty on create. Throws 403.
 */
export async function checkRoleEscalation(
  checks: EscalationChecks,
  user: UserInfo,
  role: {
    readonly resource: "roles" | "clusterroles";
    readonly namespace: string;
    readonly name: string;
    readonly requestName: string;
    readonly rules: readonly PolicyRule[];
  },
): Promise<void> {
  if (user.groups.includes(mastersGroup)) return;
  const verdict = await checks.authorizer.authorize(attributes(user, "escalate", role.resource, role.namespace, role.requestName));
  if (verdict.decision === "allow") return;
  const missing = missingRights(checks.rbac, user, role.namespace, role.rules);
  if (missing !== undefined) throw forbidden({ group, resource: role.resource }, role.name, missing);
}

/** Called before a binding is created, or updated in more than its metadata. Throws 403, or 404 when the role is missing. */
export async function checkBindingEscalation(
  checks: EscalationChecks,
  user: UserInfo,
  binding: {
    readonly resource: "rolebindings" | "clusterrolebindings";
    readonly namespace: string;
    readonly name: string;
    readonly roleRef: RoleRef;
  },
): Promise<void> {
  if (user.groups.includes(mastersGroup)) return;
  const { roleRef, namespace } = binding;
  const resource = roleRef.kind === "Role" ? "roles" : "clusterroles";
  const verdict = await checks.authorizer.authorize(attributes(user, "bind", resource, namespace, roleRef.name));
  if (verdict.decision === "allow") return;
  const rules = checks.rbac.rulesOf(roleRef, namespace);
  if ("error" in rules) throw notFound({ group, resource: roleRef.kind === "Role" ? "role" : "clusterrole" }, roleRef.name);
  const missing = missingRights(checks.rbac, user, namespace, rules);
  if (missing !== undefined) throw forbidden({ group, resource: binding.resource }, binding.name, missing);
}
