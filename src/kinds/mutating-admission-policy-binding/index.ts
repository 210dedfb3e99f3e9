import type { MutatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { mutatingadmissionpolicybindings } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { mutatingAdmissionPolicyBindingCells } from "./columns.ts";
import { setMutatingPolicyBindingDefaults } from "./defaults.ts";
import { validatePolicyBinding } from "./validation.ts";

export const mutatingAdmissionPolicyBindingKind: Kind = kind<MutatingAdmissionPolicyBinding>({
  ref: mutatingadmissionpolicybindings,
  metadataOnUpdate: ["whole"],
  metadataRule: "generic",
  ...countsChangesOf<MutatingAdmissionPolicyBinding>("spec"),
  setDefaults: setMutatingPolicyBindingDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: (binding) => validatePolicyBinding(binding),
  validateUpdate: (binding) => validatePolicyBinding(binding),
  cells: mutatingAdmissionPolicyBindingCells,
});
