import type { StorageClass } from "../../schema/types/storage-v1.ts";

/** Fills in a storage class's defaults, in place. */
export function setStorageClassDefaults(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ??= "Delete";
  storageClass.volumeBindingMode ??= "Immediate";
}
