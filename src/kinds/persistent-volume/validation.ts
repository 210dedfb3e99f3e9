/** What is wrong with a persistent volume. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, notSupported, required, invalidField } from "../../schema/field-error.ts";
import { compareQuantities, quantityValue } from "../../core/quantity.ts";
import type { PersistentVolume, PersistentVolumeSpec } from "../../schema/types/core-v1.ts";
import { invalidEach, nameIsDnsSubdomain } from "../formats.ts";
import { internalDiff, internalForm } from "../internal-form.ts";
import { immutableMessage, validateImmutable } from "../object-meta.ts";
import { validateAccessModes } from "../persistent-volume-claim/validation-spec.ts";
import { nodeSelectorTermWarnings } from "../node/deprecated-labels.ts";
import { validateNodeSelector } from "../pod/validation-scheduling.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { volumeSources, validateVolumeSources } from "./validation-sources.ts";

const path = new FieldPath("spec");
const reclaimPolicies: readonly string[] = ["Delete", "Recycle", "Retain"];

/** Errors of a persistent volume beyond its metadata. */
export function validatePersistentVolume(volume: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  const spec = volume.spec ?? {};
  if (!spec.accessModes?.length) errors.push(required(path.child("accessModes")));
  validateAccessModes(spec.accessModes, path.child("accessModes"), errors);
  validateCapacity(spec, errors);
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !reclaimPolicies.includes(policy)) {
    errors.push(notSupported(path.child("persistentVolumeReclaimPolicy"), policy, reclaimPolicies));
  }
  if (spec.nodeAffinity) {
    const at = path.child("nodeAffinity", "required");
    if (spec.nodeAffinity.required) validateNodeSelector(spec.nodeAffinity.required, false, at, errors);
    else errors.push(required(at, "must specify required node constraints"));
  }
  validateWhere(spec, volume.metadata?.name ?? "", path, errors);
  const className = spec.storageClassName;
  if (className) invalidEach(nameIsDnsSubdomain(className, false), path.child("storageClassName"), className, errors);
  const mode = spec.volumeMode;
  if (mode !== undefined && mode !== "Block" && mode !== "Filesystem") {
    errors.push(notSupported(path.child("volumeMode"), mode, ["Block", "Filesystem"]));
  }
  validateAttributesClass(spec, path, errors);
  return errors;
}

/** Errors of a volume that is written into an attachment: what a volume of its own may have beside its source, it may not. */
export function validateInlineVolume(spec: PersistentVolumeSpec, at: FieldPath, errors: FieldError[]): void {
  const forbid = (field: keyof PersistentVolumeSpec): void => {
    errors.push(forbiddenField(at.child(field), "may not be specified in the context of inline volumes"));
  };
  if (spec.claimRef) forbid("claimRef");
  if (Object.keys(spec.capacity ?? {}).length > 0) forbid("capacity");
  if (!spec.csi) errors.push(required(at.child("csi"), "has to be specified in the context of inline volumes"));
  if (!spec.accessModes?.length) errors.push(required(at.child("accessModes")));
  validateAccessModes(spec.accessModes, at.child("accessModes"), errors);
  if (spec.persistentVolumeReclaimPolicy && spec.persistentVolumeReclaimPolicy !== "Retain") {
    const here = at.child("persistentVolumeReclaimPolicy");
    errors.push(forbiddenField(here, "may only be Retain in the context of inline volumes"));
  }
  if (spec.nodeAffinity) forbid("nodeAffinity");
  validateWhere(spec, "", at, errors, true);
  if (spec.storageClassName) forbid("storageClassName");
  if (spec.volumeMode !== undefined && spec.volumeMode !== "Filesystem") {
    const why = "may not specify volumeMode other than Filesystem in the context of inline volumes";
    errors.push(forbiddenField(at.child("volumeMode"), why));
  }
}

function validateWhere(spec: PersistentVolumeSpec, name: string, at: FieldPath, errors: FieldError[], inline = false): void {
  validateVolumeSources(spec, name, at, errors, inline);
  if (spec.hostPath?.path && /^\/+(\.?\/*)*$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === "Recycle") {
    errors.push(forbiddenField(at.child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'"));
  }
}

function validateAttributesClass(spec: PersistentVolumeSpec, at: FieldPath, errors: FieldError[]): void {
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return;
  const here = at.child("volumeAttributesClassName");
  if (attributes === "") errors.push(required(here, "an empty string is disallowed"));
  else invalidEach(nameIsDnsSubdomain(attributes, false), here, attributes, errors);
  if (!spec.csi) errors.push(required(at.child("csi"), "has to be specified when using volumeAttributesClassName"));
}

function validateCapacity(spec: PersistentVolumeSpec, errors: FieldError[]): void {
  const at = path.child("capacity");
  const capacity: Readonly<Record<string, string>> = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) errors.push(required(at));
  if (!("storage" in capacity) || names.length > 1) {
    errors.push(notSupported(at, internalForm("{}json:Quantity", spec.capacity), ["storage"]));
  }
  for (const name of names) {
    const quantity = capacity[name] as string;
    const value = quantityValue(quantity);
    if (value < 0) errors.push(invalidField(at.key(name), value, "must be a valid resource quantity"));
    if (compareQuantities(quantity, "0") <= 0) errors.push(invalidField(at.key(name), quantity, "must be greater than zero"));
  }
}

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors = validatePersistentVolume(volume);
  const source = (spec: PersistentVolumeSpec | undefined): PersistentVolumeSpec => {
    const kept: Record<string, unknown> = {};
    for (const field of volumeSources) if (spec?.[field] !== undefined) kept[field] = spec[field];
    return kept;
  };
  const now = source(volume.spec);
  const before = source(old.spec);
  if (now.csi?.controllerExpandSecretRef && before.csi && !before.csi.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...csi } = now.csi;
    now.csi = csi;
  }
  if (!semanticEqual(now, before)) {
    const diff = internalDiff("PersistentVolumeSource", before, now);
    errors.push(forbiddenField(path.child("persistentvolumesource"), `spec.persistentvolumesource is immutable after creation\n${diff}`));
  }
  const mode = volume.spec?.volumeMode;
  validateImmutable(mode, old.spec?.volumeMode, new FieldPath("volumeMode"), errors, mode ?? null);
  if (old.spec?.nodeAffinity && !semanticEqual(volume.spec?.nodeAffinity, old.spec.nodeAffinity)) {
    const shown = internalForm("*VolumeNodeAffinity", volume.spec?.nodeAffinity);
    errors.push(invalidField(new FieldPath("nodeAffinity"), shown, `${immutableMessage}, except for updating from beta label to GA`));
  }
  if (old.spec?.volumeAttributesClassName !== undefined && volume.spec?.volumeAttributesClassName === undefined) {
    errors.push(forbiddenField(path.child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden"));
  }
  return errors;
}

const oldAnnotations: readonly (readonly [key: string, message: string])[] = [
  ["volume.beta.kubernetes.io/storage-class", 'deprecated since v1.8; use "storageClassName" attribute instead'],
  ["volume.beta.kubernetes.io/mount-options", 'deprecated since v1.31; use "mountOptions" attribute instead'],
];
const oldSources: readonly (readonly [field: keyof PersistentVolumeSpec, shown: string, message: string])[] = [
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

export function persistentVolumeWarnings(volume: PersistentVolume): string[] {
  const warnings: string[] = [];
  const spec = volume.spec ?? {};
  const annotations: Readonly<Record<string, string>> = volume.metadata?.annotations ?? {};
  for (const [key, message] of oldAnnotations) if (key in annotations) warnings.push(`metadata.annotations[${key}]: ${message}`);
  if (spec.persistentVolumeReclaimPolicy === "Recycle") {
    const advice = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";
    warnings.push(`spec.persistentVolumeReclaimPolicy: ${advice}`);
  }
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, i) => {
    warnings.push(...nodeSelectorTermWarnings(term, false, path.child("nodeAffinity", "required", "nodeSelectorTerms").index(i)));
  });
  for (const [field, shown, message] of oldSources) if (spec[field] !== undefined) warnings.push(`spec.${shown}: ${message}`);
  return warnings;
}
