/** What is wrong with `metadata`, for every kind: on create, and as the successor of an old one. */
import { validateManagedFields } from "../schema/apply/managed-fields.ts";
import type { FieldError } from "../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, required, tooLong } from "../schema/field-error.ts";
import type { LabelSelector, ObjectMeta, OwnerReference } from "../schema/types/meta-v1.ts";
import { labelValue, qualifiedName } from "../core/names.ts";
import { byteLength, invalidEach, nameIsDnsLabel, negativeMessage, pathSegment } from "./formats.ts";
import { semanticEqual } from "./semantic-equal.ts";

/** Messages that say what is wrong with a name; `prefix`: it is a generateName. */
export type ValidateName = (name: string, prefix: boolean) => string[];

const metadataPath = new FieldPath("metadata");
const noMeta: ObjectMeta = Object.freeze({});

/** Annotations of one object together, keys and values, in bytes. */
export const annotationsSizeLimit: number = 256 * 1024;

export const immutableMessage = "field is immutable";

/**
 * Errors of a new object's metadata, finalizer names held to the rule for built-in kinds: a name without a slash must be
 * a standard one. Custom resources use {@link validateGenericObjectMeta}.
 */
export function validateObjectMeta(
  meta: ObjectMeta | undefined,
  namespaced: boolean,
  validateName: ValidateName,
  path: FieldPath = metadataPath,
): FieldError[] {
  const errors = validateGenericObjectMeta(meta, namespaced, validateName, path);
  if (meta?.finalizers?.length) validateKubeFinalizers(meta.finalizers, path, errors);
  return errors;
}

/** Errors of the metadata of a resource within another one: whether it is namespaced is its own affair. */
export function validateEmbeddedMeta(meta: ObjectMeta, path: FieldPath): FieldError[] {
  return validateGenericObjectMeta(meta, Boolean(meta.namespace), pathSegment, path);
}

/** Errors of a new object's metadata that hold for any resource, custom ones included. */
export function validateGenericObjectMeta(
  meta: ObjectMeta | undefined,
  namespaced: boolean,
  validateName: ValidateName,
  path: FieldPath = metadataPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const m = meta ?? noMeta;
  if (m.generateName) invalidEach(validateName(m.generateName, true), path.child("generateName"), m.generateName, errors);
  if (!m.name) errors.push(required(path.child("name"), "name or generateName is required"));
  else {
    const messages = validateName(m.name, false);
    if (messages.length > 0) invalidEach(messages, path.child("name"), m.name, errors);
  }
  if (namespaced) {
    if (!m.namespace) errors.push(required(path.child("namespace")));
    else {
      const messages = nameIsDnsLabel(m.namespace, false);
      if (messages.length > 0) invalidEach(messages, path.child("namespace"), m.namespace, errors);
    }
  } else if (m.namespace) errors.push(forbiddenField(path.child("namespace"), "not allowed on this type"));
  if ((m.generation ?? 0) < 0) errors.push(invalidField(path.child("generation"), m.generation, negativeMessage, "minimum"));
  validateContents(m, path, errors);
  if (m.finalizers?.length) validateFinalizers(m.finalizers, path.child("finalizers"), errors);
  if (m.managedFields?.length) errors.push(...validateManagedFields(m.managedFields, path.child("managedFields")));
  return errors;
}

/** Errors of `meta` as the successor of `old`, for built-in kinds. */
export function validateObjectMetaUpdate(
  meta: ObjectMeta | undefined,
  old: ObjectMeta | undefined,
  path: FieldPath = metadataPath,
): FieldError[] {
  const errors = validateGenericObjectMetaUpdate(meta, old, path);
  if (meta?.finalizers?.length) validateKubeFinalizers(meta.finalizers, path, errors);
  return errors;
}

const immutableFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const satisfies readonly (keyof ObjectMeta)[];

/** Errors of `meta` as the successor of `old`, for any resource. */
export function validateGenericObjectMetaUpdate(
  meta: ObjectMeta | undefined,
  old: ObjectMeta | undefined,
  path: FieldPath = metadataPath,
): FieldError[] {
  const m = meta ?? noMeta;
  const errors = validateMetaChange(m, old ?? noMeta, path);
  validateContents(m, path, errors);
  if (m.managedFields?.length) errors.push(...validateManagedFields(m.managedFields, path.child("managedFields")));
  return errors;
}

/**
 * What upstream checks of every update before the kind is asked: the metadata by itself, and as the successor of the old one.
 * Contents that are wrong are told by both.
 */
export function validateCommonMetaUpdate(meta: ObjectMeta | undefined, old: ObjectMeta | undefined, namespaced: boolean): FieldError[] {
  const errors = validateGenericObjectMeta(meta, namespaced, pathSegment);
  // Contents without a fault need not be looked at again.
  if (errors.length === 0) return validateMetaChange(meta ?? noMeta, old ?? noMeta, metadataPath);
  errors.push(...validateGenericObjectMetaUpdate(meta, old));
  return errors;
}

function validateMetaChange(m: ObjectMeta, o: ObjectMeta, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (o.deletionTimestamp && m.finalizers?.length) {
    const extra = [...new Set(m.finalizers.filter((f) => !o.finalizers?.includes(f)))].sort();
    if (extra.length > 0) {
      const shown = `[]string{${extra.map((f) => JSON.stringify(f)).join(", ")}}`;
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`;
      errors.push(forbiddenField(path.child("finalizers"), detail));
    }
  }
  if (!m.resourceVersion) errors.push(invalidField(path.child("resourceVersion"), "", "must be specified for an update"));
  if ((m.generation ?? 0) < (o.generation ?? 0)) {
    errors.push(invalidField(path.child("generation"), m.generation ?? 0, "must not be decremented"));
  }
  for (const field of immutableFields) {
    if (m[field] === o[field]) continue;
    const value = m[field] ?? (field === "name" || field === "namespace" || field === "uid" ? "" : null);
    errors.push(invalidField(path.child(field), value, immutableMessage));
  }
  return errors;
}

/** Labels, annotations and owner references: checked on every write. */
function validateContents(meta: ObjectMeta, path: FieldPath, errors: FieldError[]): void {
  if (meta.labels) validateLabels(meta.labels, path.child("labels"), errors);
  if (meta.annotations) validateAnnotations(meta.annotations, path.child("annotations"), errors);
  if (meta.ownerReferences?.length) validateOwnerReferences(meta.ownerReferences, path.child("ownerReferences"), errors);
}

export function validateLabelName(name: string, path: FieldPath, errors: FieldError[]): void {
  const messages = qualifiedName(name);
  if (messages.length > 0) invalidEach(messages, path, name, errors, "format=k8s-label-key");
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: FieldPath, errors: FieldError[]): void {
  for (const key in labels) {
    const value = labels[key] as string;
    validateLabelName(key, path, errors);
    const messages = labelValue(value);
    if (messages.length > 0) invalidEach(messages, path, value, errors, "format=k8s-label-value");
  }
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
  errors: FieldError[],
): void {
  let units = 0;
  for (const key in annotations) {
    const messages = qualifiedName(key.toLowerCase());
    if (messages.length > 0) invalidEach(messages, path, key, errors, "format=k8s-label-key");
    units += key.length + (annotations[key] as string).length;
  }
  // A UTF-16 unit is at most three bytes: below a third of the limit nothing needs to be counted.
  if (units * 3 > annotationsSizeLimit && annotationBytes(annotations ?? {}) > annotationsSizeLimit) {
    errors.push(tooLong(path, annotationsSizeLimit));
  }
}

function annotationBytes(annotations: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const key in annotations) bytes += byteLength(key) + byteLength(annotations[key] as string);
  return bytes;
}

function validateOwnerReferences(references: readonly OwnerReference[], path: FieldPath, errors: FieldError[]): void {
  let controller = "";
  for (const reference of references) {
    validateOwnerReference(reference, path, errors);
    if (reference.controller !== true) continue;
    const current = `${reference.kind}/${reference.name}`;
    if (controller === "") controller = current;
    else {
      errors.push(
        invalidField(
          path,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
        ),
      );
    }
  }
}

function validateOwnerReference(reference: OwnerReference, path: FieldPath, errors: FieldError[]): void {
  const apiVersion = reference.apiVersion ?? "";
  const parts = apiVersion.split("/");
  const version = parts.length > 2 ? "" : (parts[parts.length - 1] ?? "");
  if (version === "") errors.push(invalidField(path.child("apiVersion"), apiVersion, "version must not be empty"));
  if (!reference.kind) errors.push(invalidField(path.child("kind"), "", "must not be empty"));
  if (!reference.name) errors.push(invalidField(path.child("name"), "", "must not be empty"));
  if (!reference.uid) errors.push(invalidField(path.child("uid"), "", "must not be empty"));
  if (apiVersion === "v1" && reference.kind === "Event") {
    errors.push(invalidField(path, reference, "/v1, Kind=Event is disallowed from being an owner"));
  }
}

function validateFinalizers(finalizers: readonly string[], path: FieldPath, errors: FieldError[]): void {
  for (const name of finalizers) invalidEach(qualifiedName(name), path, name, errors);
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalidField(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
}

const standardFinalizers: readonly string[] = ["kubernetes", "orphan", "foregroundDeletion"];

export function validateKubeFinalizerName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (!name.includes("/") && !standardFinalizers.includes(name)) {
    errors.push(invalidField(path, name, "name is neither a standard finalizer name nor is it fully qualified"));
  }
}

function validateKubeFinalizers(finalizers: readonly string[], path: FieldPath, errors: FieldError[]): void {
  finalizers.forEach((name, i) => validateKubeFinalizerName(name, path.child("finalizers").index(i), errors));
}

/** A finalizer in a spec (namespaces): a qualified name, and a standard one when it has no prefix. */
export function validateFinalizerName(name: string, path: FieldPath, errors: FieldError[]): void {
  invalidEach(qualifiedName(name), path, name, errors);
  validateKubeFinalizerName(name, path, errors);
}

export function validateImmutable(value: unknown, old: unknown, path: FieldPath, errors: FieldError[], shown: unknown = value): void {
  if (!semanticEqual(value, old)) errors.push(invalidField(path, shown, immutableMessage));
}

export interface LabelSelectorOptions {
  readonly allowInvalidLabelValue?: boolean;
  readonly allowUnknownOperator?: boolean;
}

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  errors: FieldError[],
  options: LabelSelectorOptions = {},
): void {
  if (!selector) return;
  if (selector.matchLabels) validateLabels(selector.matchLabels, path.child("matchLabels"), errors);
  selector.matchExpressions?.forEach((requirement, i) => {
    const at = path.child("matchExpressions").index(i);
    const { operator, values = [] } = requirement;
    if (operator === "In" || operator === "NotIn") {
      if (!values?.length) errors.push(required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values?.length) {
        errors.push(forbiddenField(at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
    } else if (options.allowUnknownOperator !== true) {
      errors.push(invalidField(at.child("operator"), operator ?? "", "not a valid selector operator"));
    }
    validateLabelName(requirement.key, at.child("key"), errors);
    if (options.allowInvalidLabelValue === true) return;
    values?.forEach((value, j) => invalidEach(labelValue(value), at.child("values").index(j), value, errors));
  });
}

/** Whether a stored selector already holds a value that today's rules refuse: then updates may keep it. */
export function selectorHasInvalidLabelValue(selector: LabelSelector | undefined): boolean {
  return selector?.matchExpressions?.some((e) => e.values?.some((v) => labelValue(v).length > 0)) ?? false;
}
