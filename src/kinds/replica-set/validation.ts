import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField } from "../../schema/field-error.ts";
import type { ReplicaSet, ReplicaSetSpec } from "../../schema/types/apps-v1.ts";
import { validateNonnegative } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { selectorMatches, validateCounts, validateRequiredSelector, validateRestartingTemplate } from "../workload-validation.ts";

const path = new FieldPath("spec");

/** Errors of a replica set beyond its metadata. */
export function validateReplicaSet(set: ReplicaSet): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(set.spec, podValidationOptions(false), errors);
  return errors;
}

export function validateReplicaSetUpdate(set: ReplicaSet, old: ReplicaSet): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(set.spec, podValidationOptions(false, old.spec?.template), errors);
  const selector = set.spec?.selector;
  validateImmutable(selector, old.spec?.selector, path.child("selector"), errors, internalForm("*json:LabelSelector", selector));
  return errors;
}

function validateSpec(spec: ReplicaSetSpec | undefined, options: PodValidationOptions, errors: FieldError[]): void {
  validateNonnegative(spec?.replicas, path.child("replicas"), errors);
  validateNonnegative(spec?.minReadySeconds, path.child("minReadySeconds"), errors);
  // Upstream's message says deployment here too.
  validateRequiredSelector(spec?.selector, "deployment", path.child("selector"), errors);
  if (selectorMatches(spec?.selector, {}) === undefined) {
    const shown = internalForm("*json:LabelSelector", spec?.selector);
    errors.push(invalidField(path.child("selector"), shown, "invalid label selector"));
  } else validateRestartingTemplate(spec?.template, spec?.selector, "ReplicaSet", path.child("template"), options, errors);
}

const total = "cannot be greater than status.replicas";

/** Replica sets and replication controllers have the same counts. */
export function validateReplicaCounts(status: object | undefined): FieldError[] {
  const errors: FieldError[] = [];
  validateCounts(
    status,
    ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration", "terminatingReplicas"],
    [
      ["fullyLabeledReplicas", "replicas", total],
      ["readyReplicas", "replicas", total],
      ["availableReplicas", "replicas", total],
      ["availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"],
    ],
    errors,
  );
  return errors;
}

export function validateReplicaSetStatus(set: ReplicaSet): FieldError[] {
  return validateReplicaCounts(set.status);
}
