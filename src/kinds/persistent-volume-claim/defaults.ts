import type { PersistentVolumeClaim } from "../../schema/types/core-v1.ts";
import { setClaimSpecDefaults } from "../pod/volume-defaults.ts";
import { roundResourceList } from "../resource-list.ts";

/** Fills in a claim's defaults, in place. */
export function setPersistentVolumeClaimDefaults(claim: PersistentVolumeClaim): void {
  const status = (claim.status ??= {});
  if (!status.phase) status.phase = "Pending";
  setClaimSpecDefaults((claim.spec ??= {}));
  roundResourceList(status.capacity);
  roundResourceList(status.allocatedResources);
}
