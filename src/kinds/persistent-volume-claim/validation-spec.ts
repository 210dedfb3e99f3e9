/** The spec of a claim, in claims and in the templates of ephemeral volumes and stateful sets. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { dns1123Subdomain } from "../../core/names.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate } from "../../schema/types/core-v1.ts";
import { invalidEach, nameIsDnsLabel, nameIsDnsSubdomain } from "../formats.ts";
import { validateLabelSelector } from "../object-meta.ts";
import { validateTemplateMeta } from "../template-meta.ts";

export interface ClaimSpecOptions {
  readonly allowInvalidLabelValueInSelector?: boolean;
  readonly allowInvalidSourceGroup?: boolean;
}

export const accessModes: readonly string[] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

export function validateAccessModes(modes: readonly string[] | undefined, path: FieldPath, errors: FieldError[]): void {
  for (const mode of modes ?? []) if (!accessModes.includes(mode)) errors.push(notSupported(path, mode, accessModes));
  if (modes?.includes("ReadWriteOncePod") && modes.some((m) => m !== "ReadWriteOncePod" && accessModes.includes(m))) {
    errors.push(forbiddenField(path, "may not use ReadWriteOncePod with other access modes"));
  }
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: FieldPath, options: ClaimSpecOptions, errors: FieldError[]): void {
  if (!spec.accessModes?.length) errors.push(required(path.child("accessModes"), "at least 1 access mode is required"));
  if (spec.selector) {
    const lax = { allowInvalidLabelValue: options.allowInvalidLabelValueInSelector ?? false };
    validateLabelSelector(spec.selector, path.child("selector"), errors, lax);
  }
  validateAccessModes(spec.accessModes, path.child("accessModes"), errors);
  const storage = spec.resources?.requests?.["storage"];
  const at = path.child("resources").key("storage");
  if (storage === undefined) errors.push(required(at));
  else if (compareQuantities(storage, "0") <= 0) errors.push(invalidField(at, storage, "must be greater than zero"));
  const className = spec.storageClassName;
  if (className) invalidEach(nameIsDnsSubdomain(className, false), path.child("storageClassName"), className, errors);
  const mode = spec.volumeMode;
  if (mode !== undefined && mode !== "Block" && mode !== "Filesystem") {
    errors.push(notSupported(path.child("volumeMode"), mode, ["Block", "Filesystem"]));
  }
  validateSources(spec, path, options, errors);
  const attributes = spec.volumeAttributesClassName;
  if (attributes) invalidEach(nameIsDnsSubdomain(attributes, false), path.child("volumeAttributesClassName"), attributes, errors);
}

function validateSources(spec: PersistentVolumeClaimSpec, path: FieldPath, options: ClaimSpecOptions, errors: FieldError[]): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource) validateSource(dataSource, path.child("dataSource"), options, errors);
  if (dataSourceRef) {
    validateSource(dataSourceRef, path.child("dataSourceRef"), options, errors);
    const namespace = dataSourceRef.namespace;
    if (namespace) invalidEach(nameIsDnsLabel(namespace, false), path.child("dataSourceRef", "namespace"), namespace, errors);
  }
  // Upstream shows the path itself as the value, and that as an empty object.
  if (dataSourceRef?.namespace) {
    if (dataSource) errors.push(invalidField(path, {}, "may not be specified when dataSourceRef.namespace is specified"));
  } else if (dataSource && dataSourceRef) {
    const same =
      dataSource.apiGroup === dataSourceRef.apiGroup && dataSource.kind === dataSourceRef.kind && dataSource.name === dataSourceRef.name;
    if (!same) errors.push(invalidField(path, {}, "must match dataSourceRef"));
  }
}

function validateSource(
  source: { apiGroup?: string | undefined; kind: string; name: string },
  path: FieldPath,
  options: ClaimSpecOptions,
  errors: FieldError[],
): void {
  if (!source.name) errors.push(required(path.child("name")));
  if (!source.kind) errors.push(required(path.child("kind")));
  const group = source.apiGroup ?? "";
  if (group === "" && source.kind !== "PersistentVolumeClaim") {
    errors.push(invalidField(path, source.kind ?? "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (group !== "" && options.allowInvalidSourceGroup !== true) invalidEach(dns1123Subdomain(group), path.child("apiGroup"), group, errors);
}

export function validateClaimTemplate(template: PersistentVolumeClaimTemplate, path: FieldPath, errors: FieldError[]): void {
  validateTemplateMeta(template.metadata, path.child("metadata"), errors);
  validateClaimSpec(template.spec ?? {}, path.child("spec"), {}, errors);
}
