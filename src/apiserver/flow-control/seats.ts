/** Who lends and who borrows: divides the seats by what each level has asked for lately. */
import { allocate } from "./concurrency-allocation.ts";
import type { FairnessMetrics } from "./figures.ts";
import { isExempt, type PriorityLevel } from "./level.ts";

/** How much of the smoothed demand is left after ten seconds: half of it after five minutes. */
const smoothing = 0.977;

/** Sets every level's seats. `nominalSum`: those of all levels; `seats`: the server's; `now`: monotonic ms. */
export function divideSeats(
  levels: readonly PriorityLevel[],
  nominalSum: number,
  seats: number,
  now: number,
  metrics: FairnessMetrics,
): void {
  for (const level of levels) observe(level, now);
  const exempt = levels.filter((level) => isExempt(level.configuration));
  const limited = levels.filter((level) => !isExempt(level.configuration));
  // What is exempt takes what it wants: the rest is divided.
  for (const level of exempt) level.current = Math.max(level.min, level.demand.highWatermark);
  const left = nominalSum - exempt.reduce((sum, level) => sum + level.current, 0);
  const lowest = limited.map((level) => Math.max(level.min, Math.min(level.nominal, level.demand.highWatermark)));
  const targets = limited.map((level, i) => Math.max(lowest[i] as number, level.demand.smoothed));
  const minSum = limited.reduce((sum, level) => sum + level.min, 0);
  const lowestSum = lowest.reduce((sum, value) => sum + value, 0);
  let fairFraction = 0;
  if (left <= minSum) for (const level of limited) level.current = level.min;
  else if (left <= lowestSum) {
    const part = (left - minSum) / (lowestSum - minSum);
    for (const [i, level] of limited.entries()) level.current = level.min + Math.round(((lowest[i] as number) - level.min) * part);
  } else {
    const claims = limited.map((level, i) => ({ target: targets[i] as number, lower: lowest[i] as number, upper: level.max }));
    const allocation = allocate(nominalSum, claims);
    if (allocation !== undefined) {
      ({ fairFraction } = allocation);
      for (const [i, level] of limited.entries()) level.current = Math.round(allocation.seats[i] as number);
    }
  }
  metrics.fairFraction.set(fairFraction);
  for (const level of levels) {
    level.apply(seats, now);
    tell(level, metrics, targets[limited.indexOf(level)] ?? level.current);
  }
}

function observe(level: PriorityLevel, now: number): void {
  const { duration, average, deviation, max } = level.queues.demand.reset(now);
  const { demand } = level;
  demand.highWatermark = Math.round(max);
  if (duration <= 0) return;
  demand.average = average;
  demand.deviation = deviation;
  const envelope = average + deviation;
  demand.smoothed = Math.max(envelope, smoothing * demand.smoothed + (1 - smoothing) * envelope);
}

function tell(level: PriorityLevel, metrics: FairnessMetrics, target: number): void {
  const { name, demand } = level;
  metrics.setLevel("nominal_limit_seats", name, level.nominal);
  metrics.setLevel("lower_limit_seats", name, level.min);
  metrics.setLevel("upper_limit_seats", name, level.max);
  metrics.setLevel("current_limit_seats", name, level.current);
  metrics.setLevel("target_seats", name, target);
  metrics.setLevel("demand_seats_average", name, demand.average);
  metrics.setLevel("demand_seats_stdev", name, demand.deviation);
  metrics.setLevel("demand_seats_high_watermark", name, demand.highWatermark);
  metrics.setLevel("demand_seats_smoothed", name, demand.smoothed);
}
