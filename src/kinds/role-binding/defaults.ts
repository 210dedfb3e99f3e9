import type { ClusterRoleBinding, RoleBinding } from "../../schema/types/rbac-v1.ts";

export const rbacGroup = "rbac.authorization.k8s.io";

/** Fills in the API groups that a role binding or a cluster role binding leaves out, in place. */
export function setRoleBindingDefaults(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef && !binding.roleRef.apiGroup) binding.roleRef.apiGroup = rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group")) subject.apiGroup = rbacGroup;
  }
}
