import type { PriorityLevelConfiguration } from "../../schema/types/flowcontrol-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function priorityLevelConfigurationCells(level: PriorityLevelConfiguration, now: number): unknown[] {
  const { limited } = level.spec ?? {};
  const queuing = limited?.limitResponse?.queuing;
  return [
    nameOf(level),
    level.spec?.type ?? "",
    limited === undefined ? "<none>" : (limited.nominalConcurrencyShares ?? 0),
    queuing === undefined ? "<none>" : (queuing.queues ?? 0),
    queuing === undefined ? "<none>" : (queuing.handSize ?? 0),
    queuing === undefined ? "<none>" : (queuing.queueLengthLimit ?? 0),
    age(level, now),
  ];
}
