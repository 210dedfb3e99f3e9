import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy } from "../../schema/types/apps-v1.ts";
import { validateNonnegative } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { selectorHasInvalidLabelValue, validateImmutable, validateLabelSelector } from "../object-meta.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { validatePodTemplateSpec } from "../pod/validation-spec.ts";
import {
  intOrPercentNumber,
  isEmptySelector,
  selectorMatches,
  sorted,
  validateAlwaysRestarts,
  validateAtMostAll,
  validateCollisionCount,
  validateCounts,
  validateIntOrPercent,
} from "../workload-validation.ts";

const path = new FieldPath("spec");

/** Errors of a daemon set beyond its metadata. */
export function validateDaemonSet(set: DaemonSet): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(set.spec, podValidationOptions(false), errors);
  return errors;
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  const errors: FieldError[] = [];
  const selector = set.spec?.selector;
  validateImmutable(selector, old.spec?.selector, path.child("selector"), errors, internalForm("*json:LabelSelector", selector));
  const options = podValidationOptions(false, old.spec?.template);
  const lax = options.allowInvalidLabelValueInSelector || selectorHasInvalidLabelValue(old.spec?.selector);
  validateSpec(set.spec, { ...options, allowInvalidLabelValueInSelector: lax }, errors);
  return errors;
}

function validateSpec(spec: DaemonSetSpec | undefined, options: PodValidationOptions, errors: FieldError[]): void {
  const selector = spec?.selector;
  const template = spec?.template;
  const at = path.child("selector");
  validateLabelSelector(selector, at, errors, { allowInvalidLabelValue: options.allowInvalidLabelValueInSelector });
  if (selectorMatches(selector, template?.metadata?.labels) === false) {
    const labels = sorted(template?.metadata?.labels);
    errors.push(invalidField(path.child("template", "metadata", "labels"), labels, "`selector` does not match template `labels`"));
  }
  if (selector && isEmptySelector(selector)) errors.push(invalidField(at, {}, "empty selector is invalid for daemonset"));
  validatePodTemplateSpec(template ?? {}, path.child("template"), options, errors);
  validateAlwaysRestarts(template, "DaemonSet", path.child("template"), errors);
  validateNonnegative(spec?.minReadySeconds, path.child("minReadySeconds"), errors);
  validateStrategy(spec?.updateStrategy ?? {}, path.child("updateStrategy"), errors);
  validateNonnegative(spec?.revisionHistoryLimit, path.child("revisionHistoryLimit"), errors);
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, at: FieldPath, errors: FieldError[]): void {
  if (strategy.type === "OnDelete") return;
  if (strategy.type !== "RollingUpdate") {
    errors.push(notSupported(at, internalForm("DaemonSetUpdateStrategy", strategy), ["RollingUpdate", "OnDelete"]));
    return;
  }
  const here = at.child("rollingUpdate");
  if (!strategy.rollingUpdate) {
    errors.push(required(here));
    return;
  }
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate;
  validateIntOrPercent(maxUnavailable, here.child("maxUnavailable"), errors);
  validateIntOrPercent(maxSurge, here.child("maxSurge"), errors);
  validateAtMostAll(maxUnavailable, here.child("maxUnavailable"), errors);
  validateAtMostAll(maxSurge, here.child("maxSurge"), errors);
  const unavailable = intOrPercentNumber(maxUnavailable) !== 0;
  const surge = intOrPercentNumber(maxSurge) !== 0;
  if (unavailable && surge) {
    errors.push(invalidField(here.child("maxSurge"), maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (!unavailable && !surge) errors.push(required(here.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"));
}

const counts = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
];

export function validateDaemonSetStatus(set: DaemonSet, old: DaemonSet): FieldError[] {
  const errors: FieldError[] = [];
  validateCounts(set.status, counts, [], errors);
  validateCollisionCount(set.status, old.status, errors);
  return errors;
}
