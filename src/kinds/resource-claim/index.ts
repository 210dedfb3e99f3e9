import type { ResourceClaim } from "../../schema/types/resource-v1.ts";
import { resourceclaims } from "../../schema/types/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { keepField, keepMetadata } from "../update-rules.ts";
import { resourceClaimCells } from "./columns.ts";
import { setResourceClaimDefaults } from "./defaults.ts";

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
  },
  cells: resourceClaimCells,
});
