import type { StorageClass } from "../../schema/types/storage-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function storageClassCells(storage: StorageClass, now: number): unknown[] {
  return [
    nameOf(storage) + (isDefault(storage) ? " (default)" : ""),
    storage.provisioner,
    storage.reclaimPolicy ?? "Delete",
    storage.volumeBindingMode ?? "Immediate",
    storage.allowVolumeExpansion ?? false,
    age(storage, now),
  ];
}

const defaultAnnotations = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/** Claims that name no class get this one. */
function isDefault(storage: StorageClass): boolean {
  return defaultAnnotations.some((a) => storage.metadata?.annotations?.[a] === "true");
}
