import type { ReplicaSet } from "../../schema/types/apps-v1.ts";
import { age } from "../age.ts";
import { nameOf, containerCells, selectorText } from "../cell-text.ts";

export function replicaSetCells(set: ReplicaSet, now: number): unknown[] {
  return [
    nameOf(set),
    set.spec?.replicas ?? 0,
    set.status?.replicas ?? 0,
    set.status?.readyReplicas ?? 0,
    age(set, now),
    ...containerCells(set.spec?.template?.spec?.containers),
    selectorText(set.spec?.selector) || "<none>",
  ];
}
