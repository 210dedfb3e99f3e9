import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, invalidField, required } from "../../schema/field-error.ts";
import { qualifiedName } from "../../core/names.ts";
import { compareQuantities, quantityMilliValue, quantityValue } from "../../core/quantity.ts";
import type { LimitRange, LimitRangeItem } from "../../schema/types/core-v1.ts";
import { invalidEach } from "../formats.ts";
import { validateContainerResourceName, validateResourceName } from "../pod/validation-resources.ts";
import { isOvercommitAllowed } from "../resource-names.ts";

const path = new FieldPath("spec.limits");
const types: readonly string[] = ["Pod", "Container", "PersistentVolumeClaim"];
const lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

/** Errors of a limit range beyond its metadata. */
export function validateLimitRange(range: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  range.spec?.limits?.forEach((item, i) => {
    const at = path.index(i);
    validateType(item.type ?? "", at.child("type"), errors);
    if (seen.has(item.type)) errors.push(duplicate(at.child("type"), item.type));
    seen.add(item.type);
    validateItem(item, at, errors);
  });
  return errors;
}

function validateType(type: string, at: FieldPath, errors: FieldError[]): void {
  const messages = qualifiedName(type);
  invalidEach(messages, at, type, errors);
  if (messages.length === 0 && !type.includes("/") && !types.includes(type)) {
    errors.push(invalidField(at, type, "must be a standard limit type or fully qualified"));
  }
}

function validateItem(item: LimitRangeItem, at: FieldPath, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const list of lists) {
    const ofPod = item.type === "Pod" && (list === "default" || list === "defaultRequest");
    if (ofPod && Object.keys(item[list] ?? {}).length > 0) {
      errors.push(forbiddenField(at.child(list), "may not be specified when `type` is 'Pod'"));
    }
    if (list === "maxLimitRequestRatio") validateClaimLimits(item, at, errors);
    if (ofPod) continue;
    for (const name in item[list]) {
      if (item.type === "Pod" || item.type === "Container") validateContainerResourceName(name, at.child(list).key(name), errors);
      else validateResourceName(name, at.child(list).key(name), errors);
      names.add(name);
    }
  }
  for (const name of names) validateAmounts(item, name, at, errors);
}

function validateClaimLimits(item: LimitRangeItem, at: FieldPath, errors: FieldError[]): void {
  if (item.type !== "PersistentVolumeClaim" || item.min?.["storage"] !== undefined || item.max?.["storage"] !== undefined) return;
  errors.push(required(at.child("limits"), "either minimum or maximum storage value is required, but neither was provided"));
}

/** The amounts for one resource have to be in order. */
function validateAmounts(item: LimitRangeItem, name: string, at: FieldPath, errors: FieldError[]): void {
  const ofPod = item.type === "Pod";
  const min = item.min?.[name];
  const max = item.max?.[name];
  const limit = ofPod ? undefined : item.default?.[name];
  const request = ofPod ? undefined : item.defaultRequest?.[name];
  const ratio = item.maxLimitRequestRatio?.[name];
  const order = (a: string | undefined, b: string | undefined, list: string, shown: string | undefined, detail: string): void => {
    if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) return;
    errors.push(invalidField(at.child(list).key(name), shown, detail));
  };
  order(min, max, "min", min, `min value ${min} is greater than max value ${max}`);
  order(min, request, "defaultRequest", request, `min value ${min} is greater than default request value ${request}`);
  order(request, max, "defaultRequest", request, `default request value ${request} is greater than max value ${max}`);
  order(request, limit, "defaultRequest", request, `default request value ${request} is greater than default limit value ${limit}`);
  order(min, limit, "default", min, `min value ${min} is greater than default value ${limit}`);
  order(limit, max, "default", max, `default value ${limit} is greater than max value ${max}`);
  order("1", ratio, "maxLimitRequestRatio", ratio, `ratio ${ratio} is less than 1`);
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const small = [ratio, min, max].every((q) => quantityValue(q) < 2 ** 63 / 1000);
    const most = small ? quantityMilliValue(max) / quantityMilliValue(min) : quantityValue(max) / quantityValue(min);
    const asked = small ? quantityMilliValue(ratio) / 1000 : quantityValue(ratio);
    if (asked > most) {
      errors.push(
        invalidField(at.child("maxLimitRequestRatio").key(name), ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`),
      );
    }
  }
  if (limit !== undefined && request !== undefined && !isOvercommitAllowed(name) && compareQuantities(limit, request) !== 0) {
    const detail = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
    errors.push(invalidField(at.child("defaultRequest").key(name), request, detail));
  }
}
