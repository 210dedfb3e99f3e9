import type { MutatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { setMatchResourcesDefaults } from "../admission-webhook-defaults.ts";

/** Fills in a mutating policy binding's defaults, in place. */
export function setMutatingPolicyBindingDefaults(binding: MutatingAdmissionPolicyBinding): void {
  setMatchResourcesDefaults(binding.spec?.matchResources);
}
