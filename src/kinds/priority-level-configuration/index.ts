import type { PriorityLevelConfiguration } from "../../schema/types/flowcontrol-v1.ts";
import { prioritylevelconfigurations } from "../../schema/types/flowcontrol-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { priorityLevelConfigurationCells } from "./columns.ts";
import { setPriorityLevelDefaults } from "./defaults.ts";
import { validatePriorityLevel, validatePriorityLevelStatus } from "./validation.ts";

export const priorityLevelConfigurationKind: Kind = kind<PriorityLevelConfiguration>({
  ref: prioritylevelconfigurations,
  metadataOnUpdate: ["whole"],
  metadataOnStatusUpdate: [],
  ...specAndStatus<PriorityLevelConfiguration>({ generation: true }),
  setDefaults: setPriorityLevelDefaults,
  validateCreate: validatePriorityLevel,
  validateUpdate: validatePriorityLevel,
  validateStatusUpdate: validatePriorityLevelStatus,
  cells: priorityLevelConfigurationCells,
});
