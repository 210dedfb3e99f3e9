import type { Deployment } from "../../schema/types/apps-v1.ts";
import { age } from "../age.ts";
import { nameOf, containerCells, selectorText } from "../cell-text.ts";

export function deploymentCells(deployment: Deployment, now: number): unknown[] {
  const { spec, status } = deployment;
  return [
    nameOf(deployment),
    `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    age(deployment, now),
    ...containerCells(spec?.template.spec?.containers),
    selectorText(spec?.selector),
  ];
}
