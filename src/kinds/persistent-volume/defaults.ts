import type { PersistentVolume } from "../../schema/types/core-v1.ts";
import { setNetworkDiskDefaults } from "../pod/volume-defaults.ts";
import { roundResourceList } from "../resource-list.ts";

/** Fills in a persistent volume's defaults, in place. */
export function setPersistentVolumeDefaults(volume: PersistentVolume): void {
  const status = (volume.status ??= {});
  if (!status.phase) status.phase = "Pending";
  const spec = (volume.spec ??= {});
  if (!spec.persistentVolumeReclaimPolicy) spec.persistentVolumeReclaimPolicy = "Retain";
  spec.volumeMode ??= "Filesystem";
  roundResourceList(spec.capacity);
  if (spec.hostPath) spec.hostPath.type ??= "";
  setNetworkDiskDefaults(spec);
}
