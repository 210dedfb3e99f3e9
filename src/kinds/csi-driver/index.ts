import type { CSIDriver } from "../../schema/types/storage-v1.ts";
import { csidrivers } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { countGeneration } from "../update-rules.ts";
import { csiDriverCells } from "./columns.ts";
import { setCsiDriverDefaults } from "./defaults.ts";
import { csiDriverWarnings, validateCsiDriver, validateCsiDriverUpdate } from "./validation.ts";

export const csiDriverKind: Kind = kind<CSIDriver>({
  ref: csidrivers,
  // A feature that is off (KEP-5030).
  prepareForCreate(driver) {
    delete driver.spec.preventPodSchedulingIfMissing;
  },
  prepareForUpdate(driver, old) {
    if (old.spec.preventPodSchedulingIfMissing === undefined) delete driver.spec.preventPodSchedulingIfMissing;
    countGeneration(driver, old, !semanticEqual(driver.spec, old.spec));
  },
  setDefaults: setCsiDriverDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: validateCsiDriver,
  validateUpdate: validateCsiDriverUpdate,
  warnings: csiDriverWarnings,
  cells: csiDriverCells,
});
