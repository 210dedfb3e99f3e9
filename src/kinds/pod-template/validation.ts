import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath } from "../../schema/field-error.ts";
import type { PodTemplate } from "../../schema/types/core-v1.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { validatePodTemplateSpec } from "../pod/validation-spec.ts";

const path = new FieldPath("template");

/** Errors of a stored template beyond its metadata; `old`: what it follows. */
export function validatePodTemplate(template: PodTemplate, old?: PodTemplate): FieldError[] {
  const errors: FieldError[] = [];
  validatePodTemplateSpec(template.template ?? {}, path, podValidationOptions(false, old?.template), errors);
  return errors;
}
