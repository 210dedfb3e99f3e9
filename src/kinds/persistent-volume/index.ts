import type { PersistentVolume } from "../../schema/types/core-v1.ts";
import { persistentvolumes } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { persistentVolumeCells } from "./columns.ts";
import { setPersistentVolumeDefaults } from "./defaults.ts";
import { validatePersistentVolume, validatePersistentVolumeUpdate, persistentVolumeWarnings } from "./validation.ts";
import { persistentVolumeWrites } from "./writes.ts";

export const persistentVolumeKind: Kind = kind<PersistentVolume>({
  ref: persistentvolumes,
  metadataOnUpdate: ["whole", "whole"],
  setDefaults: setPersistentVolumeDefaults,
  ...persistentVolumeWrites,
  validateCreate: validatePersistentVolume,
  // Upstream asks both of an update, and the second asks the first.
  validateUpdate: (volume, old) => [...validatePersistentVolume(volume), ...validatePersistentVolumeUpdate(volume, old)],
  warnings: persistentVolumeWarnings,
  cells: persistentVolumeCells,
});
