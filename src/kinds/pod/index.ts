import type { Pod } from "../../schema/types/core-v1.ts";
import { pods } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { podCells } from "./columns.ts";
import { setPodDefaults } from "./defaults.ts";
import { podSelectableFieldNames, podSelectableFields } from "./selectable-fields.ts";
import { validatePodStatusUpdate } from "./validation-status.ts";
import { validatePodUpdate } from "./validation-update.ts";
import { validatePod } from "./validation.ts";
import { podWarnings } from "./warnings.ts";
import { podWrites } from "./writes.ts";

export const podKind: Kind = kind<Pod>({
  ref: pods,
  setDefaults: setPodDefaults,
  generation: true,
  ...podWrites,
  validateCreate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings: podWarnings,
  selectableFieldNames: podSelectableFieldNames,
  selectableFields: podSelectableFields,
  cells: podCells,
});
