import type { PodDisruptionBudget } from "../../schema/types/policy-v1.ts";
import { poddisruptionbudgets } from "../../schema/types/policy-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { podDisruptionBudgetCells } from "./columns.ts";
import { validateBudget, validateBudgetStatus } from "./validation.ts";

export const podDisruptionBudgetKind: Kind = kind<PodDisruptionBudget>({
  ref: poddisruptionbudgets,
  metadataRule: "none",
  metadataOnUpdate: [],
  metadataOnStatusUpdate: [],
  ...specAndStatus<PodDisruptionBudget>({
    generation: true,
    emptyStatus: () => ({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }),
  }),
  allowUnconditionalUpdate: false,
  validateCreate: (budget) => validateBudget(budget),
  validateUpdate: validateBudget,
  validateStatusUpdate: validateBudgetStatus,
  cells: podDisruptionBudgetCells,
});
