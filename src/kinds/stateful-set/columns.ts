import type { StatefulSet } from "../../schema/types/apps-v1.ts";
import { age } from "../age.ts";
import { nameOf, containerCells } from "../cell-text.ts";

export function statefulSetCells(set: StatefulSet, now: number): unknown[] {
  const ready = `${set.status?.readyReplicas ?? 0}/${set.spec?.replicas ?? 0}`;
  return [nameOf(set), ready, age(set, now), ...containerCells(set.spec?.template.spec?.containers)];
}
