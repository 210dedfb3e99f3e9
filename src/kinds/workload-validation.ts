/** What the kinds that make pods from a template have in common. */
import type { FieldError } from "../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../schema/field-error.ts";
import { labelSelectorMatcher } from "../schema/label-selector.ts";
import type { PodTemplateSpec } from "../schema/types/core-v1.ts";
import type { LabelSelector } from "../schema/types/meta-v1.ts";
import { invalidEach, negativeMessage, percentString, validateNonnegative } from "./formats.ts";
import { internalForm } from "./internal-form.ts";
import { validateLabelSelector } from "./object-meta.ts";
import type { PodValidationOptions } from "./pod/validation-options.ts";
import { validatePodTemplateSpec } from "./pod/validation-spec.ts";

/** Reports a selector that is missing, wrong or empty. `kind`: as upstream's message names it. */
export function validateRequiredSelector(selector: LabelSelector | undefined, kind: string, path: FieldPath, errors: FieldError[]): void {
  if (!selector) {
    errors.push(required(path));
    return;
  }
  validateLabelSelector(selector, path, errors);
  if (isEmptySelector(selector)) {
    errors.push(invalidField(path, internalForm("json:LabelSelector", selector), `empty selector is invalid for ${kind}`));
  }
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length;
}

/** Whether the selector matches; undefined for one that cannot be read. */
export function selectorMatches(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean | undefined {
  try {
    return labelSelectorMatcher(selector).matches(labels);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function hasLabels(labels: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** A template of pods that run forever, and that the selector has to find. `owner`: as upstream's messages name it. */
export function validateRestartingTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
  owner: string,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const labels = template?.metadata?.labels;
  // A replication controller's labels are compared as they are, well formed or not.
  const plain = owner === "ReplicationController" ? hasLabels(labels, selector?.matchLabels) : undefined;
  if (!(selector && isEmptySelector(selector)) && (plain ?? selectorMatches(selector, labels)) === false) {
    errors.push(invalidField(path.child("metadata", "labels"), sorted(labels), "`selector` does not match template `labels`"));
  }
  validatePodTemplateSpec(template ?? {}, path, options, errors);
  validateAlwaysRestarts(template, owner, path, errors);
}

export function validateAlwaysRestarts(template: PodTemplateSpec | undefined, owner: string, path: FieldPath, errors: FieldError[]): void {
  const policy = template?.spec?.restartPolicy ?? "";
  if (policy !== "Always") errors.push(notSupported(path.child("spec", "restartPolicy"), policy, ["Always"]));
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(forbiddenField(path.child("spec", "activeDeadlineSeconds"), `activeDeadlineSeconds in ${owner} is not Supported`));
  }
}

/** Labels as Go prints a map: sorted, null when there are none. */
export function sorted(labels: Readonly<Record<string, string>> | undefined): object | null {
  if (!labels) return null;
  return Object.fromEntries(
    Object.keys(labels)
      .sort()
      .map((key) => [key, labels[key]]),
  );
}

/** A count, or a share of the pods. */
export function validateIntOrPercent(value: number | string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (typeof value === "string") invalidEach(percentString(value), path, value, errors);
  else if ((value ?? 0) < 0) errors.push(invalidField(path, value, negativeMessage, "minimum"));
}

export function validateAtMostAll(value: number | string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (typeof value === "string" && percentString(value).length === 0 && Number.parseInt(value, 10) > 100) {
    errors.push(invalidField(path, value, "must not be greater than 100%"));
  }
}

/** The number in a count or a share; 0 for a text that is neither. */
export function intOrPercentNumber(value: number | string | undefined): number {
  if (typeof value === "number") return value;
  // What is neither a percentage nor a number counts for nothing.
  return /^(\d+%|[-+]?\d+)$/.test(value ?? "") ? Number.parseInt(value as string, 10) : 0;
}

/** Counts in a status: none negative, none above another. */
export function validateCounts(
  status: object | undefined,
  fields: readonly string[],
  limits: readonly (readonly [field: string, limit: string, message: string])[],
  errors: FieldError[],
): void {
  const counts = (status ?? {}) as Readonly<Record<string, number | undefined>>;
  const path = new FieldPath("status");
  for (const field of fields) validateNonnegative(counts[field], path.child(field), errors);
  for (const [field, limit, message] of limits) {
    const count = counts[field] ?? 0;
    if (count > (counts[limit] ?? 0)) errors.push(invalidField(path.child(field), count, message));
  }
}

/** A collision count never goes back. */
export function validateCollisionCount(
  status: { collisionCount?: number | undefined } | undefined,
  old: { collisionCount?: number | undefined } | undefined,
  errors: FieldError[],
): void {
  const now = status?.collisionCount;
  const before = old?.collisionCount;
  if (before === undefined || (now !== undefined && now >= before)) return;
  errors.push(invalidField(new FieldPath("status.collisionCount"), now ?? 0, "cannot be decremented"));
}
