import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { validatingadmissionpolicies } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { validatingAdmissionPolicyCells } from "./columns.ts";
import { setValidatingPolicyDefaults } from "./defaults.ts";

export const validatingAdmissionPolicyKind: Kind = kind<ValidatingAdmissionPolicy>({
  ref: validatingadmissionpolicies,
  metadataOnUpdate: ["whole"],
  metadataOnStatusUpdate: [],
  metadataRule: "generic",
  ...specAndStatus<ValidatingAdmissionPolicy>({ generation: true }),
  setDefaults: setValidatingPolicyDefaults,
  allowUnconditionalUpdate: false,
  cells: validatingAdmissionPolicyCells,
});
