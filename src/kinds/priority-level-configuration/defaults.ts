import type { PriorityLevelConfiguration } from "../../schema/types/flowcontrol-v1.ts";

/** Fills in a priority level's defaults, in place. */
export function setPriorityLevelDefaults(level: PriorityLevelConfiguration): void {
  const { exempt, limited } = level.spec ?? {};
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}
