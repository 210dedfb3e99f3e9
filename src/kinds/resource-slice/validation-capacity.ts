/** Which shares of a device's capacity may be asked for. */
import { addQuantities, compareQuantities, formatQuantity, quantityValue } from "../../core/quantity.ts";
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, required } from "../../schema/field-error.ts";
import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from "../../schema/types/resource-v1.ts";
import { validateSet } from "../devices/names.ts";

const valueLimit = 10;

/** `capacity`: all there is. */
export function validateRequestPolicy(capacity: string, policy: CapacityRequestPolicy, at: FieldPath, errors: FieldError[]): void {
  const { default: usual, validRange: range, validValues: values = [] } = policy;
  if (values.length > 0 && range) {
    errors.push(forbiddenField(at, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'));
  } else if (values.length > 0) {
    if (!usual) errors.push(required(at.child("default"), "required when validValues is defined"));
    else validateValues(usual, capacity, values, at.child("validValues"), errors);
  } else if (range) {
    if (!usual) errors.push(required(at.child("default"), "required when validRange is defined"));
    else validateRange(usual, capacity, range, at.child("validRange"), errors);
  }
}

function validateValues(usual: string, capacity: string, values: readonly string[], at: FieldPath, errors: FieldError[]): void {
  values.forEach((value, i) => {
    const before = values[i - 1];
    if (before === undefined || compareQuantities(before, value) <= 0) return;
    errors.push(invalidField(at.index(i), value, "values must be sorted in ascending order"));
  });
  validateSet(
    values,
    valueLimit,
    at,
    errors,
    (value, here) => {
      if (compareQuantities(value, capacity) > 0) {
        errors.push(invalidField(here, value, `option is larger than capacity value: ${capacity}`));
      }
    },
    (value) => String(quantityValue(value)),
  );
  if (values.length > valueLimit || !values.some((value) => compareQuantities(value, usual) === 0)) {
    errors.push(invalidField(at, usual, "default value is not valid according to the requestPolicy"));
  }
}

function validateRange(usual: string, capacity: string, range: CapacityRequestPolicyRange, at: FieldPath, errors: FieldError[]): void {
  const { min, max, step } = range;
  if (!min) {
    errors.push(required(at.child("min"), "required when validRange is defined"));
    return;
  }
  const wrong = (field: string, shown: string, why: string): void => void errors.push(invalidField(at.child(field), shown, why));
  if (compareQuantities(min, capacity) > 0) wrong("min", min, `min is larger than capacity value: ${capacity}`);
  if (compareQuantities(usual, min) < 0) wrong("min", usual, `default is less than min: ${min}`);
  if (max !== undefined) {
    if (compareQuantities(min, max) > 0) wrong("max", min, `min is larger than max: ${max}`);
    if (compareQuantities(max, capacity) > 0) wrong("max", max, `max is larger than capacity value: ${capacity}`);
    if (compareQuantities(usual, max) > 0) wrong("max", usual, `default is more than max: ${max}`);
  }
  if (step === undefined) return;
  const next = formatQuantity(addQuantities(min, step));
  if (compareQuantities(next, capacity) > 0) wrong("step", step, `one step ${next} is larger than capacity value: ${capacity}`);
  for (const value of max === undefined ? [usual] : [usual, max]) {
    // Upstream fails where the step is zero.
    if (quantityValue(step) !== 0 && (quantityValue(value) - quantityValue(min)) % quantityValue(step) === 0) continue;
    wrong("step", value, `value is not a multiple of a given step (${step}) from (${min})`);
  }
}
