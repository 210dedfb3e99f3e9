/** Taints of devices, what tolerates them, and the conditions that a binding waits for. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { DeviceTaint, DeviceToleration } from "../../schema/types/resource-v1.ts";
import { labelValue } from "../../core/names.ts";
import { invalidEach } from "../formats.ts";
import { validateLabelName } from "../object-meta.ts";
import { validateList } from "./names.ts";

const effects: readonly string[] = ["NoExecute", "NoSchedule", "None"];
const bindingLimit = 4;

export function validateDeviceTaint(taint: DeviceTaint, path: FieldPath, errors: FieldError[]): void {
  validateLabelName(taint.key ?? "", path.child("key"), errors);
  if (taint.value) invalidEach(labelValue(taint.value), path.child("value"), taint.value, errors);
  if (!taint.effect) errors.push(required(path.child("effect")));
  else if (!effects.includes(taint.effect)) errors.push(notSupported(path.child("effect"), taint.effect, effects));
}

export function validateDeviceToleration(toleration: DeviceToleration, path: FieldPath, errors: FieldError[]): void {
  const { key, operator, value = "", effect } = toleration;
  if (key) validateLabelName(key, path.child("key"), errors);
  if (operator === "Exists") {
    if (value !== "") errors.push(invalidField(path.child("value"), value, "must be empty for operator `Exists`"));
  } else if (operator === "Equal") invalidEach(labelValue(value), path.child("value"), value, errors);
  else if (!operator) errors.push(required(path.child("operator")));
  else errors.push(notSupported(path.child("operator"), operator, ["Equal", "Exists"]));
  if (effect && !effects.includes(effect)) errors.push(notSupported(path.child("effect"), effect, effects));
}

interface Bound {
  readonly bindingConditions?: readonly string[] | undefined;
  readonly bindingFailureConditions?: readonly string[] | undefined;
}

/** Conditions for and against: both or none, and none of them twice. */
export function validateBindingConditions(bound: Bound, path: FieldPath, errors: FieldError[]): void {
  const { bindingConditions: wanted = [], bindingFailureConditions: failed = [] } = bound;
  const forPath = path.child("bindingConditions");
  const againstPath = path.child("bindingFailureConditions");
  validateList(wanted, bindingLimit, forPath, errors, validateLabelName);
  validateList(failed, bindingLimit, againstPath, errors, validateLabelName);
  wanted.forEach((condition, i) => {
    if (wanted.indexOf(condition) < i) errors.push(duplicate(forPath.index(i), condition));
  });
  failed.forEach((condition, i) => {
    if (failed.indexOf(condition) < i) errors.push(duplicate(againstPath.index(i), condition));
    if (wanted.includes(condition)) {
      errors.push(invalidField(againstPath.index(i), condition, "bindingFailureConditions must not overlap with bindingConditions"));
    }
  });
  if (wanted.length === 0 && failed.length > 0) {
    errors.push(invalidField(forPath, bound.bindingConditions ?? null, "bindingConditions are required to use bindingFailureConditions"));
  }
  if (failed.length === 0 && wanted.length > 0) {
    const why = "bindingFailureConditions are required to use bindingConditions";
    errors.push(invalidField(againstPath, bound.bindingFailureConditions ?? null, why));
  }
}
