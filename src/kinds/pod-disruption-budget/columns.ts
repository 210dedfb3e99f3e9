import type { PodDisruptionBudget } from "../../schema/types/policy-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function podDisruptionBudgetCells(budget: PodDisruptionBudget, now: number): unknown[] {
  const { minAvailable = "N/A", maxUnavailable = "N/A" } = budget.spec ?? {};
  const allowed = budget.status?.disruptionsAllowed ?? 0;
  return [nameOf(budget), String(minAvailable), String(maxUnavailable), allowed, age(budget, now)];
}
