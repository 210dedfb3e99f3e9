import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { setMatchResourcesDefaults } from "../admission-webhook-defaults.ts";

/** Fills in a validating policy's defaults, in place. */
export function setValidatingPolicyDefaults(policy: ValidatingAdmissionPolicy): void {
  if (!policy.spec) return;
  policy.spec.failurePolicy ??= "Fail";
  setMatchResourcesDefaults(policy.spec.matchConstraints);
}
