import type { PriorityClass } from "../../schema/types/scheduling-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function priorityClassCells(priority: PriorityClass, now: number): unknown[] {
  return [nameOf(priority), priority.value, priority.globalDefault ?? false, age(priority, now), priority.preemptionPolicy ?? ""];
}
