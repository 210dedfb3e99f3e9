import type { ReplicationController } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf, containerCells, labelsText } from "../cell-text.ts";

export function replicationControllerCells(controller: ReplicationController, now: number): unknown[] {
  return [
    nameOf(controller),
    controller.spec?.replicas ?? 0,
    controller.status?.replicas ?? 0,
    controller.status?.readyReplicas ?? 0,
    age(controller, now),
    ...containerCells(controller.spec?.template?.spec?.containers),
    labelsText(controller.spec?.selector),
  ];
}
