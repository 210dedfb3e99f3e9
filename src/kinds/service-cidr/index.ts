import type { ServiceCIDR } from "../../schema/types/networking-v1.ts";
import { servicecidrs } from "../../schema/types/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { serviceCidrCells } from "./columns.ts";
import { validateServiceCidr, validateServiceCidrUpdate } from "./validation.ts";

export const serviceCidrKind: Kind = kind<ServiceCIDR>({
  ref: servicecidrs,
  ...specAndStatus<ServiceCIDR>({ statusKeepsMetadata: true }),
  validateCreate: validateServiceCidr,
  validateUpdate: validateServiceCidrUpdate,
  cells: serviceCidrCells,
});
