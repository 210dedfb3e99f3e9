import type { PersistentVolume } from "../../schema/types/core-v1.ts";
import { persistentvolumes } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { setPersistentVolumeDefaults } from "./defaults.ts";
import { validatePersistentVolume, validatePersistentVolumeUpdate, persistentVolumeWarnings } from "./validation.ts";

export const persistentVolumeKind: Kind = kind<PersistentVolume>({
  ref: persistentvolumes,
  ...specAndStatus<PersistentVolume>({ emptyStatus: () => ({ phase: "Pending" }) }),
  setDefaults: setPersistentVolumeDefaults,
  validateCreate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: persistentVolumeWarnings,
});
