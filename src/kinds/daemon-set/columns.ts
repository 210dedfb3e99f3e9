import type { DaemonSet } from "../../schema/types/apps-v1.ts";
import { age } from "../age.ts";
import { nameOf, containerCells, labelsText, selectorText } from "../cell-text.ts";

export function daemonSetCells(set: DaemonSet, now: number): unknown[] {
  const { spec, status } = set;
  return [
    nameOf(set),
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsText(spec?.template.spec?.nodeSelector),
    age(set, now),
    ...containerCells(spec?.template.spec?.containers),
    selectorText(spec?.selector) || "<none>",
  ];
}
