import type { MutatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { mutatingadmissionpolicies } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { mutatingAdmissionPolicyCells } from "./columns.ts";
import { setMutatingPolicyDefaults } from "./defaults.ts";
import { validatePolicy } from "./validation.ts";

export const mutatingAdmissionPolicyKind: Kind = kind<MutatingAdmissionPolicy>({
  ref: mutatingadmissionpolicies,
  metadataOnUpdate: ["whole"],
  metadataRule: "generic",
  ...countsChangesOf<MutatingAdmissionPolicy>("spec"),
  setDefaults: setMutatingPolicyDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: (policy) => validatePolicy(policy),
  validateUpdate: validatePolicy,
  cells: mutatingAdmissionPolicyCells,
});
