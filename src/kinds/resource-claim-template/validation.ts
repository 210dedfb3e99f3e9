/** What is wrong with a template of resource claims. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath } from "../../schema/field-error.ts";
import type { ResourceClaimTemplate } from "../../schema/types/resource-v1.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import { validateResourceClaimSpec } from "../resource-claim/validation.ts";
import { validateTemplateMeta } from "../template-meta.ts";

const path = new FieldPath("spec");

/** Errors of a claim template beyond its metadata. */
export function validateResourceClaimTemplate({ spec }: ResourceClaimTemplate): FieldError[] {
  const errors: FieldError[] = [];
  validateTemplateMeta(spec?.metadata, path.child("metadata"), errors);
  validateResourceClaimSpec(spec?.spec ?? {}, path.child("spec"), errors);
  return errors;
}

export function validateResourceClaimTemplateUpdate(template: ResourceClaimTemplate, old: ResourceClaimTemplate): FieldError[] {
  const errors = validateResourceClaimTemplate(template);
  validateImmutable(template.spec, old.spec, path, errors, internalForm("ResourceClaimTemplateSpec", template.spec));
  return errors;
}
