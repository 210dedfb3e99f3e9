import type { ValidatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { validatingadmissionpolicybindings } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { validatingAdmissionPolicyBindingCells } from "./columns.ts";
import { setValidatingPolicyBindingDefaults } from "./defaults.ts";
import { validatePolicyBinding } from "./validation.ts";

export const validatingAdmissionPolicyBindingKind: Kind = kind<ValidatingAdmissionPolicyBinding>({
  ref: validatingadmissionpolicybindings,
  metadataOnUpdate: ["whole"],
  metadataRule: "generic",
  ...countsChangesOf<ValidatingAdmissionPolicyBinding>("spec"),
  setDefaults: setValidatingPolicyBindingDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: (binding) => validatePolicyBinding(binding),
  validateUpdate: (binding) => validatePolicyBinding(binding),
  cells: validatingAdmissionPolicyBindingCells,
});
