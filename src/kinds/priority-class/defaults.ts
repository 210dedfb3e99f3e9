import type { PriorityClass } from "../../schema/types/scheduling-v1.ts";

/** Fills in a priority class's defaults, in place. */
export function setPriorityClassDefaults(priorityClass: PriorityClass): void {
  priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
}
