import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { validatingadmissionpolicies } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { validatingAdmissionPolicyCells } from "./columns.ts";
import { setValidatingPolicyDefaults } from "./defaults.ts";
import { validatePolicy, validatePolicyStatus } from "./validation.ts";

export const validatingAdmissionPolicyKind: Kind = kind<ValidatingAdmissionPolicy>({
  ref: validatingadmissionpolicies,
  metadataOnUpdate: ["whole"],
  metadataOnStatusUpdate: [],
  metadataRule: "generic",
  ...specAndStatus<ValidatingAdmissionPolicy>({ generation: true, statusKeepsMetadata: true }),
  setDefaults: setValidatingPolicyDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: (policy) => validatePolicy(policy),
  validateUpdate: validatePolicy,
  validateStatusUpdate: (policy) => validatePolicyStatus(policy),
  cells: validatingAdmissionPolicyCells,
});
