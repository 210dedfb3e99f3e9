import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, required } from "../../schema/field-error.ts";
import type { VolumeAttributesClass } from "../../schema/types/storage-v1.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { validateParameters, validateProvisioner } from "../storage-class/validation.ts";

const driverPath = new FieldPath("driverName");
const parametersPath = new FieldPath("parameters");

export function validateVolumeAttributesClass(attributes: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = [];
  validateProvisioner(attributes.driverName, driverPath, errors);
  validateParameters(attributes.parameters, parametersPath, errors);
  if (Object.keys(attributes.parameters ?? {}).length === 0) {
    errors.push(required(parametersPath, "must contain at least one key/value pair"));
  }
  return errors;
}

export function validateVolumeAttributesClassUpdate(attributes: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = [];
  if (attributes.driverName !== old.driverName) errors.push(forbiddenField(driverPath, "updates to driverName are forbidden."));
  if (!semanticEqual(attributes.parameters, old.parameters)) {
    errors.push(forbiddenField(parametersPath, "updates to parameters are forbidden."));
  }
  return [...errors, ...validateVolumeAttributesClass(attributes)];
}
