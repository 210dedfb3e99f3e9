import type { ValidatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { setMatchResourcesDefaults } from "../admission-webhook-defaults.ts";

/** Fills in a validating policy binding's defaults, in place. */
export function setValidatingPolicyBindingDefaults(binding: ValidatingAdmissionPolicyBinding): void {
  setMatchResourcesDefaults(binding.spec?.matchResources);
}
