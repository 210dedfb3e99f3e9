import type { CSIDriver } from "../../schema/types/storage-v1.ts";

/** Fills in a CSI driver's defaults, in place. */
export function setCsiDriverDefaults(driver: CSIDriver): void {
  const spec = driver.spec;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}
