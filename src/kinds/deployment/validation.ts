import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { Deployment, DeploymentSpec, DeploymentStrategy } from "../../schema/types/apps-v1.ts";
import { validateNonnegative } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import {
  intOrPercentNumber,
  selectorMatches,
  validateAtMostAll,
  validateCollisionCount,
  validateCounts,
  validateIntOrPercent,
  validateRequiredSelector,
  validateRestartingTemplate,
} from "../workload-validation.ts";

const path = new FieldPath("spec");

/** Errors of a deployment beyond its metadata. */
export function validateDeployment(deployment: Deployment): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(deployment.spec, podValidationOptions(false), errors);
  return errors;
}

export function validateDeploymentUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(deployment.spec, podValidationOptions(false, old.spec?.template), errors);
  const selector = deployment.spec?.selector;
  validateImmutable(selector, old.spec?.selector, path.child("selector"), errors, internalForm("*json:LabelSelector", selector));
  return errors;
}

function validateSpec(spec: DeploymentSpec | undefined, options: PodValidationOptions, errors: FieldError[]): void {
  validateNonnegative(spec?.replicas, path.child("replicas"), errors);
  validateRequiredSelector(spec?.selector, "deployment", path.child("selector"), errors);
  if (selectorMatches(spec?.selector, {}) === undefined) {
    const shown = internalForm("*json:LabelSelector", spec?.selector);
    errors.push(invalidField(path.child("selector"), shown, "invalid label selector"));
  } else validateRestartingTemplate(spec?.template, spec?.selector, "ReplicaSet", path.child("template"), options, errors);
  validateStrategy(spec?.strategy ?? {}, path.child("strategy"), errors);
  validateNonnegative(spec?.minReadySeconds, path.child("minReadySeconds"), errors);
  validateNonnegative(spec?.revisionHistoryLimit, path.child("revisionHistoryLimit"), errors);
  const deadline = spec?.progressDeadlineSeconds;
  if (deadline === undefined) return;
  validateNonnegative(deadline, path.child("progressDeadlineSeconds"), errors);
  if (deadline <= (spec?.minReadySeconds ?? 0)) {
    errors.push(invalidField(path.child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"));
  }
}

function validateStrategy(strategy: DeploymentStrategy, at: FieldPath, errors: FieldError[]): void {
  const rolling = strategy.rollingUpdate;
  const here = at.child("rollingUpdate");
  if (strategy.type === "Recreate") {
    if (rolling) errors.push(forbiddenField(here, "may not be specified when strategy `type` is 'Recreate'"));
    return;
  }
  if (strategy.type !== "RollingUpdate") {
    errors.push(notSupported(at, internalForm("DeploymentStrategy", strategy), ["Recreate", "RollingUpdate"]));
    return;
  }
  if (!rolling) {
    errors.push(required(here, "this should be defaulted and never be nil"));
    return;
  }
  const { maxUnavailable, maxSurge } = rolling;
  validateIntOrPercent(maxUnavailable, here.child("maxUnavailable"), errors);
  validateIntOrPercent(maxSurge, here.child("maxSurge"), errors);
  if (intOrPercentNumber(maxUnavailable) === 0 && intOrPercentNumber(maxSurge) === 0) {
    errors.push(invalidField(here.child("maxUnavailable"), maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0"));
  }
  validateAtMostAll(maxUnavailable, here.child("maxUnavailable"), errors);
}

const counts = [
  "observedGeneration",
  "replicas",
  "updatedReplicas",
  "readyReplicas",
  "availableReplicas",
  "unavailableReplicas",
  "terminatingReplicas",
  "collisionCount",
];
const total = "cannot be greater than status.replicas";

export function validateDeploymentStatus(deployment: Deployment, old: Deployment): FieldError[] {
  const errors: FieldError[] = [];
  validateCounts(
    deployment.status,
    counts,
    [
      ["updatedReplicas", "replicas", total],
      ["readyReplicas", "replicas", total],
      ["availableReplicas", "replicas", total],
      ["availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"],
    ],
    errors,
  );
  validateCollisionCount(deployment.status, old.status, errors);
  return errors;
}
