import type { MutatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { setMatchResourcesDefaults } from "../admission-webhook-defaults.ts";

/** Fills in a mutating policy's defaults, in place. */
export function setMutatingPolicyDefaults(policy: MutatingAdmissionPolicy): void {
  if (!policy.spec) return;
  policy.spec.failurePolicy ??= "Fail";
  setMatchResourcesDefaults(policy.spec.matchConstraints);
}
