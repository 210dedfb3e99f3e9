import { duplicate, type FieldError, FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { ValidatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { validateBinding } from "../admission-policy-rules.ts";

const actions = ["Audit", "Deny", "Warn"];

export function validatePolicyBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const at = new FieldPath("spec");
  return [...validateBinding(spec ?? {}, at), ...validateActions(spec?.validationActions ?? [], at.child("validationActions"))];
}

function validateActions(given: readonly string[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  given.forEach((action, i) => {
    if (!actions.includes(action)) errors.push(notSupported(at.index(i), action, actions));
    if (given.indexOf(action) < i) errors.push(duplicate(at.index(i), action));
  });
  if (given.includes("Deny") && given.includes("Warn")) {
    const why = "repeating the same validation failure information in the API response and headers serves no purpose";
    errors.push(invalidField(at, given, `must not contain both Deny and Warn (${why})`));
  }
  if (given.length === 0) errors.push(required(at, "at least one validation action is required"));
  return errors;
}
