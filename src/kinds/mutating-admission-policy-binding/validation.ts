import { type FieldError, FieldPath } from "../../schema/field-error.ts";
import type { MutatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { validateBinding, validateMutatingOperations } from "../admission-policy-rules.ts";

export function validatePolicyBinding({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  const at = new FieldPath("spec");
  return [...validateBinding(spec ?? {}, at), ...validateMutatingOperations(spec?.matchResources, at.child("matchResources"))];
}
