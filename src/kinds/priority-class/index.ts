import type { PriorityClass } from "../../schema/types/scheduling-v1.ts";
import { priorityclasses } from "../../schema/types/scheduling-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { startGeneration } from "../update-rules.ts";
import { priorityClassCells } from "./columns.ts";
import { setPriorityClassDefaults } from "./defaults.ts";
import { validatePriorityClass, validatePriorityClassUpdate } from "./validation.ts";

export const priorityClassKind: Kind = kind<PriorityClass>({
  ref: priorityclasses,
  setDefaults: setPriorityClassDefaults,
  generation: true,
  prepareForCreate: startGeneration,
  validateCreate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  cells: priorityClassCells,
});
