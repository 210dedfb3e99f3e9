import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { qualifiedName } from "../../core/names.ts";
import { compareQuantities, quantityValue } from "../../core/quantity.ts";
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../schema/types/core-v1.ts";
import { invalidEach, nameIsDnsSubdomain, negativeMessage } from "../formats.ts";
import { internalDiff } from "../internal-form.ts";
import { immutableMessage, selectorHasInvalidLabelValue, validateImmutable, validateObjectMeta } from "../object-meta.ts";
import { isNativeResource } from "../resource-names.ts";
import { semanticEqual } from "../semantic-equal.ts";
import type { ClaimSpecOptions } from "./validation-spec.ts";
import { validateClaimSpec } from "./validation-spec.ts";

const path = new FieldPath("spec");
const betaClass = "volume.beta.kubernetes.io/storage-class";

/** Errors of a claim beyond its metadata. */
export function validateClaim(claim: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  validateClaimSpec(claim.spec ?? {}, path, {}, errors);
  return errors;
}

export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const options: ClaimSpecOptions = {
    allowInvalidLabelValueInSelector: selectorHasInvalidLabelValue(old.spec?.selector),
    allowInvalidSourceGroup: old.spec?.dataSource?.apiGroup !== undefined || old.spec?.dataSourceRef?.apiGroup !== undefined,
  };
  const errors = validateObjectMeta(claim.metadata, true, nameIsDnsSubdomain);
  const spec = claim.spec ?? {};
  const before: PersistentVolumeClaimSpec = { ...old.spec };
  validateClaimSpec(spec, path, options, errors);
  const munged: PersistentVolumeClaimSpec = { ...spec };
  if (!before.volumeName) {
    if (munged.volumeName === undefined) delete before.volumeName;
    else before.volumeName = munged.volumeName;
  }
  allowClassUpgrade(claim, old, munged, errors);
  const bound = claim.status?.phase === "Bound";
  if (bound) {
    const storage = old.spec?.resources?.requests?.["storage"];
    if (munged.resources?.requests && storage !== undefined) {
      munged.resources = { ...munged.resources, requests: { ...munged.resources.requests, storage } };
    }
    if (before.volumeAttributesClassName === undefined) delete munged.volumeAttributesClassName;
    else munged.volumeAttributesClassName = before.volumeAttributesClassName;
  }
  if (!semanticEqual(munged, before)) {
    const diff = internalDiff("PersistentVolumeClaimSpec", before, munged);
    const detail = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${diff}`;
    errors.push(forbiddenField(path, detail));
  }
  validateSize(spec, old, errors);
  validateImmutable(spec.volumeMode, old.spec?.volumeMode, new FieldPath("volumeMode"), errors, spec.volumeMode ?? null);
  validateAttributesClass(spec, old, errors);
  return errors;
}

/** A class may be given to a claim that had none, and may move from the annotation to the field. */
function allowClassUpgrade(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  munged: PersistentVolumeClaimSpec,
  errors: FieldError[],
): void {
  const before = old.metadata?.annotations?.[betaClass];
  const now = claim.metadata?.annotations?.[betaClass];
  const oldClass = old.spec?.storageClassName;
  const newClass = munged.storageClassName;
  if (before !== undefined && oldClass === undefined && newClass === before && (now === undefined || now === before)) {
    delete munged.storageClassName;
    return;
  }
  if ((now ?? "") !== (before ?? "")) {
    errors.push(invalidField(new FieldPath("metadata").child("annotations", betaClass), now ?? "", immutableMessage));
  }
  if (newClass !== undefined && oldClass === undefined && (before === undefined || newClass === before)) delete munged.storageClassName;
}

/** A claim grows; it shrinks only back towards what it has (KEP-1790). */
function validateSize(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaim, errors: FieldError[]): void {
  const now = spec.resources?.requests?.["storage"] ?? "0";
  const before = old.spec?.resources?.requests?.["storage"] ?? "0";
  if (compareQuantities(now, before) >= 0) return;
  const has = old.status?.capacity?.["storage"] ?? "0";
  if (compareQuantities(now, has) <= 0) {
    errors.push(forbiddenField(path.child("resources", "requests", "storage"), "field can not be less than status.capacity"));
  }
}

function validateAttributesClass(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaim, errors: FieldError[]): void {
  const now = spec.volumeAttributesClassName;
  if (now === old.spec?.volumeAttributesClassName || old.status?.currentVolumeAttributesClassName === undefined) return;
  const at = path.child("volumeAttributesClassName");
  const current = "is forbidden when status.currentVolumeAttributesClassName is not nil";
  if (now === undefined) errors.push(forbiddenField(at, `update to nil ${current}`));
  else if (now === "") errors.push(forbiddenField(at, `update to empty string ${current}`));
}

const resizeStatuses: readonly string[] = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
  "NodeResizePending",
].sort();

export function validateClaimStatus(claim: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  const status = claim.status ?? {};
  if (!claim.spec?.accessModes?.length) errors.push(required(new FieldPath("Spec.accessModes")));
  const at = new FieldPath("status");
  for (const name in status.capacity) validateAmount(status.capacity[name] as string, at.child("capacity").key(name), errors);
  for (const name in status.allocatedResourceStatuses) {
    const here = at.child("allocatedResourceStatuses");
    validateKey(name, here, errors);
    const resize = status.allocatedResourceStatuses[name] as string;
    if (!resizeStatuses.includes(resize)) errors.push(notSupported(here, name, resizeStatuses));
  }
  for (const name in status.allocatedResources) {
    const here = at.child("allocatedResources");
    const count = errors.length;
    validateKey(name, here, errors);
    if (errors.length > count) continue;
    const quantity = status.allocatedResources[name] as string;
    validateAmount(quantity, here.key(name), errors);
    if (errors.length === count && compareQuantities(quantity, "0") < 0)
      errors.push(invalidField(here.key(name), quantity, negativeMessage));
  }
  return errors;
}

function validateAmount(quantity: string, at: FieldPath, errors: FieldError[]): void {
  const value = quantityValue(quantity);
  if (value < 0) errors.push(invalidField(at, value, "must be a valid resource quantity"));
}

function validateKey(name: string, at: FieldPath, errors: FieldError[]): void {
  const messages = qualifiedName(name);
  invalidEach(messages, at, name, errors);
  if (messages.length === 0 && isNativeResource(name) && name !== "storage") errors.push(notSupported(at, name, ["storage"]));
}
