/** Role bindings and cluster role bindings. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { ClusterRoleBinding, RoleBinding, Subject } from "../../schema/types/rbac-v1.ts";
import { invalidEach, nameIsDnsSubdomain, pathSegment } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../object-meta.ts";
import { rbacGroup } from "./defaults.ts";

const refPath = new FieldPath("roleRef");
const subjectsPath = new FieldPath("subjects");

function validate(binding: RoleBinding | ClusterRoleBinding, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { apiGroup = "", kind, name } = binding.roleRef;
  if (apiGroup !== rbacGroup) errors.push(notSupported(refPath.child("apiGroup"), apiGroup, [rbacGroup]));
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(kind)) errors.push(notSupported(refPath.child("kind"), kind, kinds));
  if (name === "") errors.push(required(refPath.child("name")));
  else invalidEach(pathSegment(name, false), refPath.child("name"), name, errors);
  binding.subjects?.forEach((subject, i) => validateSubject(subject, namespaced, subjectsPath.index(i), errors));
  return errors;
}

function validateSubject(subject: Subject, namespaced: boolean, at: FieldPath, errors: FieldError[]): void {
  const group = subject.apiGroup ?? "";
  if (!subject.name) errors.push(required(at.child("name")));
  if (subject.kind === "ServiceAccount") {
    if (subject.name) invalidEach(nameIsDnsSubdomain(subject.name, false), at.child("name"), subject.name, errors);
    if (group !== "") errors.push(notSupported(at.child("apiGroup"), group, [""]));
    if (!namespaced && !subject.namespace) errors.push(required(at.child("namespace")));
  } else if (subject.kind === "User" || subject.kind === "Group") {
    if (group !== rbacGroup) errors.push(notSupported(at.child("apiGroup"), group, [rbacGroup]));
  } else errors.push(notSupported(at.child("kind"), subject.kind ?? "", ["ServiceAccount", "User", "Group"]));
}

function validateUpdate(
  binding: RoleBinding | ClusterRoleBinding,
  old: RoleBinding | ClusterRoleBinding,
  namespaced: boolean,
): FieldError[] {
  const errors = [...validateObjectMeta(binding.metadata, namespaced, pathSegment), ...validate(binding, namespaced)];
  errors.push(...validateObjectMetaUpdate(binding.metadata, old.metadata));
  const { apiGroup, kind, name } = binding.roleRef ?? {};
  const same = apiGroup === old.roleRef?.apiGroup && kind === old.roleRef?.kind && name === old.roleRef?.name;
  if (!same) errors.push(invalidField(refPath, internalForm("RoleRef", binding.roleRef), "cannot change roleRef"));
  return errors;
}

export const validateRoleBinding = (binding: RoleBinding): FieldError[] => validate(binding, true);
export const validateClusterRoleBinding = (binding: ClusterRoleBinding): FieldError[] => validate(binding, false);
export const validateRoleBindingUpdate = (binding: RoleBinding, old: RoleBinding): FieldError[] => validateUpdate(binding, old, true);
export const validateClusterRoleBindingUpdate = (binding: ClusterRoleBinding, old: ClusterRoleBinding): FieldError[] =>
  validateUpdate(binding, old, false);
