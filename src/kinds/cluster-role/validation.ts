import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { ClusterRole } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { selectorHasInvalidLabelValue, validateLabelSelector, validateObjectMeta } from "../object-meta.ts";
import { validatePolicyRules } from "../role/validation.ts";
import { selectorMatches } from "../workload-validation.ts";

/** Errors of a cluster role beyond its metadata; `old`: what it follows. */
export function validateClusterRole(role: ClusterRole, old?: ClusterRole): FieldError[] {
  const errors: FieldError[] = [];
  validatePolicyRules(role.rules, false, errors);
  if (!role.aggregationRule) return errors;
  const path = new FieldPath("aggregationRule.clusterRoleSelectors");
  const selectors = role.aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    errors.push(required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  }
  const lax = old?.aggregationRule?.clusterRoleSelectors?.some((s) => selectorHasInvalidLabelValue(s)) ?? false;
  selectors.forEach((selector, i) => {
    validateLabelSelector(selector, path.index(i), errors, { allowInvalidLabelValue: lax });
    if (selectorMatches(selector, {}) === undefined)
      errors.push(invalidField(path.index(i), internalForm("any", null), "invalid label selector."));
  });
  return errors;
}

export function validateClusterRoleUpdate(role: ClusterRole, old: ClusterRole): FieldError[] {
  return [...validateObjectMeta(role.metadata, false, pathSegment), ...validateClusterRole(role, old)];
}
