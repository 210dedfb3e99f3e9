/** What jobs and the templates of cron jobs have in common. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, invalidField, notSupported, required, tooLong, tooMany } from "../../schema/field-error.ts";
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from "../../schema/types/batch-v1.ts";
import { byteLength, invalidWithoutValue, validateDomainPrefixedPath, validateNonnegative, validateQualifiedName } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { validatePodTemplateSpec } from "../pod/validation-spec.ts";
import { countIndexes } from "./indexes.ts";

/** All but the selector. */
export function validateJobSettings(spec: JobSpec | undefined, path: FieldPath, options: PodValidationOptions, errors: FieldError[]): void {
  validateNonnegative(spec?.parallelism, path.child("parallelism"), errors);
  validateNonnegative(spec?.completions, path.child("completions"), errors);
  validateNonnegative(spec?.activeDeadlineSeconds, path.child("activeDeadlineSeconds"), errors);
  validateNonnegative(spec?.backoffLimit, path.child("backoffLimit"), errors);
  validateNonnegative(spec?.ttlSecondsAfterFinished, path.child("ttlSecondsAfterFinished"), errors);
  validateNonnegative(spec?.backoffLimitPerIndex, path.child("backoffLimitPerIndex"), errors);
  if (spec?.maxFailedIndexes !== undefined) {
    validateNonnegative(spec.maxFailedIndexes, path.child("maxFailedIndexes"), errors);
    if (spec.backoffLimitPerIndex === undefined) {
      errors.push(required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
    }
  }
  if (spec?.managedBy !== undefined) {
    validateDomainPrefixedPath(spec.managedBy, path.child("managedBy"), errors);
    if (byteLength(spec.managedBy) > 63) errors.push(tooLong(path.child("managedBy"), 63));
  }
  if (spec !== undefined) validateMode(spec, path, errors);
  if (spec !== undefined) validatePolicies(spec, path, errors);
  validatePodTemplateSpec(spec?.template ?? {}, path.child("template"), options, errors);
  validateRestartPolicy(spec, path.child("template", "spec", "restartPolicy"), errors);
}

function validateMode(spec: JobSpec, path: FieldPath, errors: FieldError[]): void {
  const { completionMode: mode, completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (mode !== undefined && mode !== "NonIndexed" && mode !== "Indexed") {
    errors.push(notSupported(path.child("completionMode"), mode, ["NonIndexed", "Indexed"]));
  }
  if (mode === undefined || mode === "NonIndexed") {
    for (const field of ["backoffLimitPerIndex", "maxFailedIndexes"] as const) {
      const value = spec[field];
      if (value !== undefined) errors.push(invalidField(path.child(field), value, "requires indexed completion mode"));
    }
  }
  if (mode !== "Indexed") return;
  const most = (field: "parallelism" | "maxFailedIndexes", limit: number, when: string): void => {
    const value = spec[field] ?? 0;
    if (value > limit) errors.push(invalidField(path.child(field), value, `must be less than or equal to ${limit}${when}`));
  };
  if (completions === undefined) errors.push(required(path.child("completions"), "when completion mode is Indexed"));
  if (parallelism > 0) most("parallelism", 100_000, " when completion mode is Indexed");
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    errors.push(invalidField(path.child("maxFailedIndexes"), maxFailedIndexes, "must be less than or equal to completions"));
  }
  most("maxFailedIndexes", 100_000, "");
  if ((completions ?? 0) <= 100_000 || backoffLimitPerIndex === undefined) return;
  if (maxFailedIndexes === undefined) {
    errors.push(required(path.child("maxFailedIndexes"), "must be specified when completions is above 100000"));
  }
  const when = " when completions are above 100000 and used with backoff limit per index";
  most("parallelism", 10_000, when);
  most("maxFailedIndexes", 10_000, when);
}

function validatePolicies(spec: JobSpec, path: FieldPath, errors: FieldError[]): void {
  const { podFailurePolicy: failure, successPolicy: success, podReplacementPolicy: replacement } = spec;
  if (failure !== undefined) {
    const at = path.child("podFailurePolicy", "rules");
    const rules = failure.rules ?? [];
    if (rules.length > 20) errors.push(tooMany(at, rules.length, 20));
    rules.forEach((rule, i) => validateFailureRule(rule, spec, at.index(i), errors));
  }
  if (success !== undefined) {
    const at = path.child("successPolicy");
    const rules = success.rules ?? [];
    if (spec.completionMode !== "Indexed") {
      errors.push(invalidField(at, internalForm("SuccessPolicy", success), "requires indexed completion mode"));
    } else {
      const here = at.child("rules");
      if (rules.length === 0) errors.push(required(here, "at least one rules must be specified when the successPolicy is specified"));
      if (rules.length > 20) errors.push(tooMany(here, rules.length, 20));
      rules.forEach((rule, i) => validateSuccessRule(rule, spec.completions ?? 0, here.index(i), errors));
    }
  }
  if (replacement === undefined) return;
  const supported = failure === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
  if (!supported.includes(replacement)) errors.push(notSupported(path.child("podReplacementPolicy"), replacement, supported));
}

const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
const quoted = (values: readonly string[]): string => `valid values: [${values.map((v) => JSON.stringify(v)).join(" ")}]`;

function oneOf(value: string | undefined, values: readonly string[], path: FieldPath, errors: FieldError[]): void {
  if (!value) errors.push(required(path, quoted(values)));
  else if (!values.includes(value)) errors.push(notSupported(path, value, values));
}

function validateFailureRule(rule: PodFailurePolicyRule, spec: JobSpec, path: FieldPath, errors: FieldError[]): void {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const at = path.child("action");
  oneOf(action, actions, at, errors);
  if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalidField(at, action, "requires the backoffLimitPerIndex to be set"));
  }
  if (onExitCodes !== undefined) validateExitCodes(onExitCodes, spec, path.child("onExitCodes"), errors);
  const conditions = path.child("onPodConditions");
  if (onPodConditions.length > 20) errors.push(tooMany(conditions, onPodConditions.length, 20));
  onPodConditions.forEach((pattern, i) => {
    validateQualifiedName(pattern.type ?? "", conditions.index(i).child("type"), errors);
    oneOf(pattern.status, ["False", "True", "Unknown"], conditions.index(i).child("status"), errors);
  });
  if (onExitCodes !== undefined && onPodConditions.length > 0) {
    errors.push(invalidWithoutValue(path, "specifying both OnExitCodes and OnPodConditions is not supported"));
  }
  if (onExitCodes === undefined && onPodConditions.length === 0) {
    errors.push(invalidWithoutValue(path, "specifying one of OnExitCodes and OnPodConditions is required"));
  }
}

function validateExitCodes(codes: PodFailurePolicyOnExitCodesRequirement, spec: JobSpec, path: FieldPath, errors: FieldError[]): void {
  const { operator, containerName } = codes;
  // An empty list is null, as Go writes it.
  const values = codes.values ?? [];
  oneOf(operator, ["In", "NotIn"], path.child("operator"), errors);
  const pod = spec.template.spec;
  const names = [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map((c) => c.name);
  if (containerName !== undefined && !names.includes(containerName)) {
    const why = "must be one of the container or initContainer names in the pod template";
    errors.push(invalidField(path.child("containerName"), containerName, why));
  }
  const at = path.child("values");
  if (values.length === 0) errors.push(invalidField(at, values, "at least one value is required"));
  else if (values.length > 255) errors.push(tooMany(at, values.length, 255));
  values.forEach((value, i) => {
    if (operator === "In" && value === 0) errors.push(invalidField(at.index(i), value, "must not be 0 for the In operator"));
    if (values.indexOf(value) < i) errors.push(duplicate(at.index(i), value));
  });
  if (values.some((value, i) => i > 0 && (values[i - 1] as number) > value)) errors.push(invalidField(at, values, "must be ordered"));
}

function validateSuccessRule(rule: SuccessPolicyRule, completions: number, path: FieldPath, errors: FieldError[]): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    errors.push(required(path, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  let total = 0;
  if (indexes !== undefined) {
    const at = path.child("succeededIndexes");
    if (byteLength(indexes) > 65_536) errors.push(tooLong(at, 65_536));
    const counted = countIndexes(indexes, completions);
    if ("fault" in counted) errors.push(invalidField(at, indexes, `error parsing succeededIndexes: ${counted.fault}`));
    else total = counted.count;
  }
  if (count === undefined) return;
  const at = path.child("succeededCount");
  validateNonnegative(count, at, errors);
  const most = (limit: number, of: string): void => {
    if (count > limit) errors.push(invalidField(at, count, `must be less than or equal to ${limit} (the number of ${of})`));
  };
  most(completions, "specified completions");
  if (indexes !== undefined) most(total, "indexes in the specified succeededIndexes field");
}

function validateRestartPolicy(spec: JobSpec | undefined, path: FieldPath, errors: FieldError[]): void {
  const policy = spec?.template?.spec?.restartPolicy ?? "";
  if (policy === "" || policy === "Always") errors.push(required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never") errors.push(notSupported(path, policy, ["OnFailure", "Never"]));
  else if (spec?.podFailurePolicy !== undefined && policy !== "Never") {
    errors.push(invalidField(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
}
