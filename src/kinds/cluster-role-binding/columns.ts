import type { ClusterRoleBinding } from "../../schema/types/rbac-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";
import { subjectCells } from "../role-binding/columns.ts";

export function clusterRoleBindingCells(binding: ClusterRoleBinding, now: number): unknown[] {
  return [nameOf(binding), `${binding.roleRef.kind}/${binding.roleRef.name}`, age(binding, now), ...subjectCells(binding.subjects)];
}
