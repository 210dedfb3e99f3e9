import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, required } from "../../schema/field-error.ts";
import type { ReplicationController, ReplicationControllerSpec } from "../../schema/types/core-v1.ts";
import { validateNonnegative } from "../formats.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { validateReplicaCounts } from "../replica-set/validation.ts";
import { validateRestartingTemplate } from "../workload-validation.ts";

const path = new FieldPath("spec");

/** Errors of a replication controller beyond its metadata. */
export function validateReplicationController(controller: ReplicationController): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(controller.spec, podValidationOptions(false), errors);
  return errors;
}

export function validateReplicationControllerUpdate(controller: ReplicationController, old: ReplicationController): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(controller.spec, podValidationOptions(false, old.spec?.template), errors);
  return errors;
}

function validateSpec(spec: ReplicationControllerSpec | undefined, options: PodValidationOptions, errors: FieldError[]): void {
  validateNonnegative(spec?.minReadySeconds, path.child("minReadySeconds"), errors);
  const selector = spec?.selector ?? {};
  if (Object.keys(selector).length === 0) errors.push(required(path.child("selector")));
  if (spec?.replicas === undefined) errors.push(required(path.child("replicas")));
  else validateNonnegative(spec.replicas, path.child("replicas"), errors);
  if (!spec?.template) errors.push(required(path.child("template")));
  else {
    validateRestartingTemplate(spec.template, { matchLabels: selector }, "ReplicationController", path.child("template"), options, errors);
  }
}

export function validateReplicationControllerStatus(controller: ReplicationController): FieldError[] {
  return validateReplicaCounts(controller.status);
}
