/** AlwaysAdmit, AlwaysDeny: for tests of clients. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { refusal } from "./forbidden.ts";

export function alwaysAdmit(): AdmissionPlugin {
  return { name: "AlwaysAdmit", handles: () => false };
}

export function alwaysDeny(): AdmissionPlugin {
  const deny: NonNullable<AdmissionPlugin["validate"]> = (attributes) => {
    throw refusal(attributes, "admission control is denying all modifications");
  };
  return { name: "AlwaysDeny", handles: () => true, admit: deny, validate: deny };
}
