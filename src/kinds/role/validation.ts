/** Rules of roles and cluster roles. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { PolicyRule, Role } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import { validateObjectMeta } from "../object-meta.ts";

const path = new FieldPath("rules");

export function validatePolicyRules(rules: readonly PolicyRule[] | null | undefined, namespaced: boolean, errors: FieldError[]): void {
  rules?.forEach((rule, i) => {
    const at = path.index(i);
    if (!rule.verbs?.length) errors.push(required(at.child("verbs"), "verbs must contain at least one value"));
    if (rule.nonResourceURLs?.length) {
      const here = at.child("nonResourceURLs");
      if (namespaced) errors.push(invalidField(here, rule.nonResourceURLs, "namespaced rules cannot apply to non-resource URLs"));
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        errors.push(invalidField(here, rule.nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"));
      }
      return;
    }
    if (!rule.apiGroups?.length) errors.push(required(at.child("apiGroups"), "resource rules must supply at least one api group"));
    if (!rule.resources?.length) errors.push(required(at.child("resources"), "resource rules must supply at least one resource"));
  });
}

/** Errors of a role beyond its metadata. */
export function validateRole(role: Role): FieldError[] {
  const errors: FieldError[] = [];
  validatePolicyRules(role.rules, true, errors);
  return errors;
}

export function validateRoleUpdate(role: Role): FieldError[] {
  return [...validateObjectMeta(role.metadata, true, pathSegment), ...validateRole(role)];
}
