import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { pathSegmentName } from "../../core/names.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from "../../schema/types/autoscaling-v2.ts";
import { invalidEach, validateDnsLabel, validateNonnegative } from "../formats.ts";
import { validateContainerResourceName } from "../pod/validation-resources.ts";
import { semanticEqual } from "../semantic-equal.ts";

const path = new FieldPath("spec");

interface Leniency {
  readonly target: boolean;
  readonly metrics: boolean;
}

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  return validateSpec(spec, { target: false, metrics: false });
}

export function validateAutoscalerUpdate({ spec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler): FieldError[] {
  const before = old.spec;
  const badTarget = before !== undefined && versionError(before.scaleTargetRef.apiVersion, false) !== undefined;
  const badMetric =
    before?.metrics?.some((m) => m.object && versionError(m.object.describedObject.apiVersion, true) !== undefined) === true;
  const sameTarget = semanticEqual(spec?.scaleTargetRef, before?.scaleTargetRef);
  return validateSpec(spec, { target: badTarget && sameTarget, metrics: badMetric });
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["currentReplicas", "desiredReplicas"] as const) {
    validateNonnegative(status?.[field], new FieldPath("status").child(field), errors);
  }
  return errors;
}

function validateSpec(spec: HorizontalPodAutoscalerSpec | undefined, lenient: Leniency): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas: min, maxReplicas: max = 0 } = spec ?? {};
  const at = path.child("maxReplicas");
  if (min !== undefined && min < 1) {
    errors.push(invalidField(path.child("minReplicas"), min, "must be greater than or equal to 1", "minimum"));
  }
  if (max === 0) errors.push(required(at, "must be set and greater than 0"));
  else if (max < 0) errors.push(invalidField(at, max, "must be greater than or equal to 1", "minimum"));
  if (min !== undefined && max < min) errors.push(invalidField(at, max, "must be greater than or equal to `minReplicas`"));
  validateReference(spec?.scaleTargetRef, path.child("scaleTargetRef"), false, lenient.target, errors);
  spec?.metrics?.forEach((metric, i) => validateMetric(metric, path.child("metrics").index(i), lenient.metrics, errors));
  for (const direction of ["scaleUp", "scaleDown"] as const) {
    const rules = spec?.behavior?.[direction];
    if (rules !== undefined) validateRules(rules, path.child("behavior", direction), errors);
  }
  return errors;
}

type Reference = Partial<CrossVersionObjectReference>;

/** `core`: the reference may be to the core group. */
function validateReference(reference: Reference | undefined, at: Path, core: boolean, lenient: boolean, errors: FieldError[]): void {
  for (const field of ["kind", "name"] as const) {
    const value = reference?.[field] ?? "";
    if (value === "") errors.push(required(at.child(field)));
    else invalidEach(pathSegmentName(value), at.child(field), value, errors);
  }
  const version = reference?.apiVersion ?? "";
  const fault = lenient ? undefined : versionError(version, core);
  if (fault !== undefined) errors.push(invalidField(at.child("apiVersion"), version, fault));
}

function versionError(version = "", core: boolean): string | undefined {
  const parts = version.split("/");
  if (parts.length > 2) return `unexpected GroupVersion string: ${version}`;
  return core || (parts.length === 2 && parts[0] !== "") ? undefined : "apiVersion must specify API group";
}

function validateRules(rules: HPAScalingRules, at: Path, errors: FieldError[]): void {
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules;
  const here = at.child("stabilizationWindowSeconds");
  if (window < 0) errors.push(invalidField(here, window, "must be greater than or equal to zero"));
  if (window > 3600) errors.push(invalidField(here, window, "must be less than or equal to 3600"));
  const choices = ["Disabled", "Max", "Min"];
  if (selectPolicy !== undefined && !choices.includes(selectPolicy))
    errors.push(notSupported(at.child("selectPolicy"), selectPolicy, choices));
  if (policies.length === 0) errors.push(required(at.child("policies"), "must specify at least one Policy"));
  policies.forEach(({ type, value, periodSeconds }, i) => {
    const policy = at.child("policies").index(i);
    if (type !== "Pods" && type !== "Percent") errors.push(notSupported(policy.child("type"), type, ["Percent", "Pods"]));
    if (value <= 0) errors.push(invalidField(policy.child("value"), value, "must be greater than zero"));
    if (periodSeconds <= 0) errors.push(invalidField(policy.child("periodSeconds"), periodSeconds, "must be greater than zero"));
    if (periodSeconds > 1800) errors.push(invalidField(policy.child("periodSeconds"), periodSeconds, "must be less than or equal to 1800"));
  });
  if (tolerance !== undefined && compareQuantities(tolerance, "0") < 0) {
    errors.push(invalidField(at.child("tolerance"), tolerance, "must be greater than or equal to 0", "minimum"));
  }
}

const sources = ["object", "external", "pods", "resource", "containerResource"] as const;
const fieldOf: Readonly<Record<string, (typeof sources)[number]>> = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};

function validateMetric(metric: MetricSpec, at: Path, lenient: boolean, errors: FieldError[]): void {
  const { type } = metric;
  const unknown = notSupported(at.child("type"), type, Object.keys(fieldOf));
  if (!type) errors.push(required(at.child("type"), "must specify a metric source type"));
  const wanted = fieldOf[type];
  if (wanted === undefined) errors.push(unknown);
  const present = sources.filter((s) => metric[s] !== undefined);
  const [first] = present;
  if (first !== undefined) validateSource(first, metric, at.child(first), lenient, errors);
  if (wanted === undefined) errors.push(unknown);
  else if (metric[wanted] === undefined) errors.push(required(at.child(wanted), "must populate information for the given metric source"));
  if (present.length === 1) return;
  for (const other of present) {
    if (other !== wanted) errors.push(forbiddenField(at.child(other), "must populate the given metric source only"));
  }
}

function validateSource(source: (typeof sources)[number], metric: MetricSpec, at: Path, lenient: boolean, errors: FieldError[]): void {
  const target = at.child("target");
  const { object, external, pods, resource, containerResource } = metric;
  if (source === "object" && object) {
    validateReference(object.describedObject, at.child("describedObject"), true, lenient, errors);
    validateIdentifier(object.metric, at.child("metric"), errors);
    validateTarget(object.target, target, errors);
    if (object.target.value === undefined && object.target.averageValue === undefined) {
      errors.push(required(target.child("averageValue"), "must set either a target value or averageValue"));
    }
  } else if (source === "external" && external) {
    validateIdentifier(external.metric, at.child("metric"), errors);
    validateTarget(external.target, target, errors);
    const { value, averageValue } = external.target;
    if (value === undefined && averageValue === undefined) {
      errors.push(required(target.child("averageValue"), "must set either a target value for metric or a per-pod target"));
    }
    if (value !== undefined && averageValue !== undefined) {
      errors.push(forbiddenField(target.child("value"), "may not set both a target value for metric and a per-pod target"));
    }
  } else if (source === "pods" && pods) {
    validateIdentifier(pods.metric, at.child("metric"), errors);
    validateTarget(pods.target, target, errors);
    if (pods.target.averageValue === undefined) {
      errors.push(required(target.child("averageValue"), "must specify a positive target averageValue"));
    }
  } else if (source === "resource" && resource) validateResource(resource, at, errors);
  else if (containerResource) {
    validateResource(containerResource, at, errors, () => {
      if (containerResource.name) validateContainerResourceName(containerResource.name, at.child("name"), errors);
      if (!containerResource.container) errors.push(required(at.child("container"), "must specify a container"));
      else validateDnsLabel(containerResource.container, at.child("container"), errors);
    });
  }
}

/** `between`: what is checked after the name. */
function validateResource(source: { name: string; target: MetricTarget }, at: Path, errors: FieldError[], between?: () => void): void {
  if (!source.name) errors.push(required(at.child("name"), "must specify a resource name"));
  between?.();
  const target = at.child("target");
  validateTarget(source.target, target, errors);
  const { averageUtilization: share, averageValue: value } = source.target;
  if (share === undefined && value === undefined) {
    errors.push(required(target.child("averageUtilization"), "must set either a target raw value or a target utilization"));
  }
  if (share !== undefined && value !== undefined) {
    errors.push(forbiddenField(target.child("averageValue"), "may not set both a target raw value and a target utilization"));
  }
}

function validateIdentifier({ name }: MetricIdentifier, at: Path, errors: FieldError[]): void {
  if (!name) errors.push(required(at.child("name"), "must specify a metric name"));
  else invalidEach(pathSegmentName(name), at.child("name"), name, errors);
}

function validateTarget(target: MetricTarget, at: Path, errors: FieldError[]): void {
  const { type, averageUtilization } = target;
  if (!type) errors.push(required(at.child("type"), "must specify a metric target type"));
  if (!["Utilization", "Value", "AverageValue"].includes(type)) {
    errors.push(invalidField(at.child("type"), type, "must be either Utilization, Value, or AverageValue"));
  }
  for (const field of ["value", "averageValue"] as const) {
    const amount = target[field];
    if (amount !== undefined && compareQuantities(amount, "0") <= 0) errors.push(invalidField(at.child(field), amount, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalidField(at.child("averageUtilization"), averageUtilization, "must be greater than 0"));
  }
}
