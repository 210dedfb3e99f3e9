import { validateConditions } from "../conditions.ts";
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported } from "../../schema/field-error.ts";
import type { PodDisruptionBudget } from "../../schema/types/policy-v1.ts";
import { validateNonnegative } from "../formats.ts";
import { selectorHasInvalidLabelValue, validateLabelSelector } from "../object-meta.ts";
import { validateAtMostAll, validateIntOrPercent } from "../workload-validation.ts";

const path = new FieldPath("spec");
const statusPath = new FieldPath("status");

export function validateBudget({ spec }: PodDisruptionBudget, old?: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  if (spec?.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const { minAvailable, selector = null, maxUnavailable, unhealthyPodEvictionPolicy = null } = spec;
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy,
    };
    errors.push(invalidField(path, shown, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const field of ["minAvailable", "maxUnavailable"] as const) {
    const value = spec?.[field];
    if (value === undefined) continue;
    validateIntOrPercent(value, path.child(field), errors);
    validateAtMostAll(value, path.child(field), errors);
  }
  const allowInvalidLabelValue = selectorHasInvalidLabelValue(old?.spec?.selector);
  validateLabelSelector(spec?.selector, path.child("selector"), errors, { allowInvalidLabelValue });
  const policy = spec?.unhealthyPodEvictionPolicy;
  if (policy !== undefined && policy !== "AlwaysAllow" && policy !== "IfHealthyBudget") {
    errors.push(notSupported(path.child("unhealthyPodEvictionPolicy"), policy, ["AlwaysAllow", "IfHealthyBudget"]));
  }
  return errors;
}

export function validateBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  validateConditions(status?.conditions ?? [], statusPath.child("conditions"), errors);
  for (const field of ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const) {
    validateNonnegative(status?.[field], statusPath.child(field), errors);
  }
  return errors;
}
