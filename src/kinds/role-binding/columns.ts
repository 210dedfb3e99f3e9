import type { RoleBinding, Subject } from "../../schema/types/rbac-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function roleBindingCells(binding: RoleBinding, now: number): unknown[] {
  return [nameOf(binding), `${binding.roleRef.kind}/${binding.roleRef.name}`, age(binding, now), ...subjectCells(binding.subjects)];
}

/** Users, groups and service accounts. */
export function subjectCells(subjects: readonly Subject[] | undefined): string[] {
  const named = (kind: string, text: (subject: Subject) => string): string =>
    (subjects ?? []).flatMap((s) => (s.kind === kind ? [text(s)] : [])).join(", ");
  const name = (s: Subject): string => s.name;
  return [named("User", name), named("Group", name), named("ServiceAccount", (s) => `${s.namespace ?? ""}/${s.name}`)];
}
