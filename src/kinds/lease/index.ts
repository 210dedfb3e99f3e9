import type { Lease } from "../../schema/types/coordination-v1.ts";
import { leases } from "../../schema/types/coordination-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { leaseCells } from "./columns.ts";
import { validateLease } from "./validation.ts";
import { leaseWrites } from "./writes.ts";

export const leaseKind: Kind = kind<Lease>({
  ref: leases,
  metadataRule: "generic",
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  ...leaseWrites,
  validateCreate: validateLease,
  validateUpdate: validateLease,
  cells: leaseCells,
});
