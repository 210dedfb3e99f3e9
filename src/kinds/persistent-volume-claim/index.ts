import type { PersistentVolumeClaim } from "../../schema/types/core-v1.ts";
import { persistentvolumeclaims } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { claimCells } from "./columns.ts";
import { setPersistentVolumeClaimDefaults } from "./defaults.ts";
import { validateClaim, validateClaimUpdate, validateClaimStatus } from "./validation.ts";
import { claimWarnings } from "./warnings.ts";
import { claimWrites } from "./writes.ts";

export const persistentVolumeClaimKind: Kind = kind<PersistentVolumeClaim>({
  ref: persistentvolumeclaims,
  setDefaults: setPersistentVolumeClaimDefaults,
  ...claimWrites,
  validateCreate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  warnings: claimWarnings,
  cells: claimCells,
});
