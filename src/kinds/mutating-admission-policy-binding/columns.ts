import type { MutatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";
import { paramText } from "../validating-admission-policy-binding/columns.ts";

export function mutatingAdmissionPolicyBindingCells(binding: MutatingAdmissionPolicyBinding, now: number): unknown[] {
  return [nameOf(binding), binding.spec?.policyName ?? "", paramText(binding.spec?.paramRef), age(binding, now)];
}
