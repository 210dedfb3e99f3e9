import type { ResourceClaim } from "../../schema/types/resource-v1.ts";
import { resourceclaims } from "../../schema/types/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { keepField, keepMetadata } from "../update-rules.ts";
import { resourceClaimCells } from "./columns.ts";
import { setResourceClaimDefaults } from "./defaults.ts";
import { validateResourceClaim, validateResourceClaimUpdate } from "./validation.ts";
import { validateResourceClaimStatusUpdate } from "./validation-status.ts";
import { dropReleasedDevices } from "./writes.ts";

export const resourceClaimKind: Kind = kind<ResourceClaim>({
  ref: resourceclaims,
  metadataOnUpdate: ["whole", "change"],
  setDefaults: setResourceClaimDefaults,
  prepareForCreate(claim) {
    claim.status = {};
  },
  prepareForUpdate(claim, old) {
    keepField(claim, old, "status");
  },
  prepareForStatusUpdate(claim, old) {
    keepField(claim, old, "spec");
    keepMetadata(claim, old);
    dropReleasedDevices(claim, old);
  },
  validateCreate: validateResourceClaim,
  validateUpdate: validateResourceClaimUpdate,
  validateStatusUpdate: validateResourceClaimStatusUpdate,
  cells: resourceClaimCells,
});
