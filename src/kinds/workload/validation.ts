/** What a workload is made of: templates of pod groups (KEP-4671). */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, required } from "../../schema/field-error.ts";
import type { Workload } from "../../schema/types/scheduling-v1alpha2.ts";
import { invalidEach, pathSegment, validateDnsLabel, validateDnsSubdomain } from "../formats.ts";
import { validateImmutable } from "../object-meta.ts";
import { validateGroup, validateName, validateNamed } from "../pod-group/validation.ts";

const controllerPath = new FieldPath("spec.controllerRef");
const templatesPath = new FieldPath("spec.podGroupTemplates");
const templateLimit = 8;

export function validateWorkload({ spec }: Workload): FieldError[] {
  const errors: FieldError[] = [];
  const { controllerRef: controller } = spec;
  if (controller) {
    if (controller.apiGroup) validateDnsSubdomain(controller.apiGroup, controllerPath.child("apiGroup"), errors);
    for (const field of ["kind", "name"] as const) {
      validateName(controller[field], controllerPath.child(field), errors, (value, at) =>
        invalidEach(pathSegment(value, false), at, value, errors),
      );
    }
  }
  const templates = spec.podGroupTemplates ?? [];
  if (templates.length === 0) errors.push(required(templatesPath));
  validateNamed(templates, templateLimit, templatesPath, errors, (template, at) => {
    validateName(template.name, at.child("name"), errors, validateDnsLabel);
    validateGroup(template, at, errors);
  });
  return errors;
}

/** All but metadata is for good. */
export function validateWorkloadUpdate({ spec }: Workload, { spec: old }: Workload): FieldError[] {
  const errors: FieldError[] = [];
  validateImmutable(spec.controllerRef ?? undefined, old.controllerRef ?? undefined, controllerPath, errors, null);
  validateImmutable(spec.podGroupTemplates, old.podGroupTemplates, templatesPath, errors, null);
  if ((spec.podGroupTemplates ?? []).length === 0) errors.push(required(templatesPath));
  return errors;
}
