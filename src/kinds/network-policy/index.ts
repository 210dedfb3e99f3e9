import type { NetworkPolicy } from "../../schema/types/networking-v1.ts";
import { networkpolicies } from "../../schema/types/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { networkPolicyCells } from "./columns.ts";
import { setNetworkPolicyDefaults } from "./defaults.ts";
import { validateNetworkPolicy, validateNetworkPolicyUpdate, networkPolicyWarnings } from "./validation.ts";

export const networkPolicyKind: Kind = kind<NetworkPolicy>({
  ref: networkpolicies,
  ...countsChangesOf<NetworkPolicy>("spec"),
  setDefaults: setNetworkPolicyDefaults,
  validateCreate: validateNetworkPolicy,
  validateUpdate: validateNetworkPolicyUpdate,
  warnings: networkPolicyWarnings,
  cells: networkPolicyCells,
});
