import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type { ResourceQuota, ResourceQuotaSpec } from "../../schema/types/core-v1.ts";
import { internalForm } from "../internal-form.ts";
import { immutableMessage } from "../object-meta.ts";
import { validateResourceName, validateResourceQuantity } from "../pod/validation-resources.ts";
import { isStandardQuotaResource } from "../resource-names.ts";

const specPath = new FieldPath("spec");
const statusPath = new FieldPath("status");
const scopes: readonly string[] = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "VolumeAttributesClass",
  "CrossNamespacePodAffinity",
];
const podResources: readonly string[] = ["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

/** Whether a quota of a scope can count a resource. */
export function isScopeValidFor(scope: string, resource: string): boolean {
  if (scope === "BestEffort") return resource === "pods";
  if (scope === "VolumeAttributesClass") return resource === "persistentvolumeclaims" || resource === "requests.storage";
  return !scopes.includes(scope) || podResources.includes(resource);
}

/** Errors of a quota beyond its metadata. */
export function validateResourceQuota(quota: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(quota.spec ?? {}, errors);
  validateStatus(quota, errors);
  return errors;
}

function validateList(list: Readonly<Record<string, string>> | undefined, at: FieldPath, errors: FieldError[]): void {
  for (const name in list) {
    validateResourceName(name, at.key(name), errors);
    if (!name.includes("/") && !isStandardQuotaResource(name)) {
      errors.push(invalidField(at.key(name), name, "must be a standard resource for quota"));
    }
    validateResourceQuantity(name, list[name] as string, at.key(name), errors);
  }
}

function validateStatus(quota: ResourceQuota, errors: FieldError[]): void {
  validateList(quota.status?.hard, statusPath.child("hard"), errors);
  validateList(quota.status?.used, statusPath.child("used"), errors);
}

function validateSpec(spec: ResourceQuotaSpec, errors: FieldError[]): void {
  validateList(spec.hard, specPath.child("hard"), errors);
  const standard = Object.keys(spec.hard ?? {})
    .sort()
    .filter(isStandardQuotaResource);
  const at = specPath.child("scopes");
  const shown = spec.scopes ?? null;
  for (const scope of spec.scopes ?? []) {
    if (!scopes.includes(scope)) errors.push(invalidField(at, shown, "unsupported scope"));
    for (const name of standard) {
      if (!isScopeValidFor(scope, name)) errors.push(invalidField(at, shown, "unsupported scope applied to resource"));
    }
  }
  validateConflicts(spec.scopes ?? [], at, shown, errors);
  if (spec.scopeSelector) validateSelector(spec, standard, errors);
}

function validateConflicts(used: readonly string[], at: FieldPath, shown: unknown, errors: FieldError[]): void {
  for (const [a, b] of [
    ["BestEffort", "NotBestEffort"],
    ["Terminating", "NotTerminating"],
  ] as const) {
    if (used.includes(a) && used.includes(b)) errors.push(invalidField(at, shown, "conflicting scopes"));
  }
}

function validateSelector(spec: ResourceQuotaSpec, standard: readonly string[], errors: FieldError[]): void {
  const at = specPath.child("scopeSelector", "matchExpressions");
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName, operator, values } of requirements) {
    if (!scopes.includes(scopeName)) errors.push(invalidField(at.child("scopeName"), scopeName ?? "", "unsupported scope"));
    for (const name of standard) {
      if (isScopeValidFor(scopeName, name)) continue;
      errors.push(invalidField(at, internalForm("ScopeSelector", spec.scopeSelector), "unsupported scope applied to resource"));
    }
    const needsExists = scopeName !== "PriorityClass" && scopeName !== "VolumeAttributesClass" && scopes.includes(scopeName);
    if (needsExists && operator !== "Exists") {
      const detail =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      errors.push(invalidField(at.child("operator"), operator ?? "", detail));
    }
    if (operator === "In" || operator === "NotIn") {
      if (!values?.length) {
        errors.push(required(at.child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
      }
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values?.length) {
        const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
        errors.push(invalidField(at.child("values"), values, detail));
      }
    } else errors.push(invalidField(at.child("operator"), operator ?? "", "not a valid selector operator"));
  }
  const used = requirements.map((r) => r.scopeName);
  validateConflicts(used, at, spec.scopes ?? null, errors);
}

export function validateResourceQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(quota.spec ?? {}, errors);
  const now = new Set(quota.spec?.scopes);
  const before = new Set(old.spec?.scopes);
  if (now.size !== before.size || [...now].some((scope) => !before.has(scope))) {
    errors.push(invalidField(specPath.child("scopes"), quota.spec?.scopes ?? null, immutableMessage));
  }
  return errors;
}

export function validateResourceQuotaStatus(quota: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  validateStatus(quota, errors);
  return errors;
}

/** Requests that may be higher than limits cannot all be used. */
export function resourceQuotaWarnings(quota: ResourceQuota, old: ResourceQuota | undefined): string[] {
  if (old) return [];
  const hard: Readonly<Record<string, string>> = quota.spec?.hard ?? {};
  const warnings: string[] = [];
  for (const name of ["cpu", "memory", "storage", "ephemeral-storage"]) {
    let requests = `requests.${name}`;
    if (hard[requests] === undefined && (name === "cpu" || name === "memory")) requests = name;
    const request = hard[requests];
    const limit = hard[`limits.${name}`];
    if (request === undefined || limit === undefined || compareQuantities(request, limit) <= 0) continue;
    warnings.push(`ResourceQuota ${requests} (${request}) should be less than limits.${name} (${limit})`);
  }
  return warnings;
}
