import { type FunctionTable, method } from "../function.ts";
import { localTime } from "../time.ts";
import { DURATION, INT, STRING, TIMESTAMP } from "../types.ts";
import type { CelDuration, CelTimestamp } from "../values.ts";

function dayOfYear(date: Date): number {
  const first = new Date(date);
  first.setUTCMonth(0, 1);
  return Math.round((date.getTime() - first.getTime()) / 86_400_000);
}

/** One getter of a timestamp, with and without a time zone. */
function getter(id: string, read: (date: Date) => number): FunctionTable[string] {
  return [
    method(`timestamp_to_${id}`, [TIMESTAMP], INT, (time: CelTimestamp) => BigInt(read(localTime(time, undefined)))),
    method(`timestamp_to_${id}_with_tz`, [TIMESTAMP, STRING], INT, (time: CelTimestamp, zone: string) =>
      BigInt(read(localTime(time, zone))),
    ),
  ];
}

/** The same name reads a duration too: all of it in that unit, rounded towards zero. */
function part(id: string, unit: bigint): FunctionTable[string] {
  return [method(`duration_to_${id}`, [DURATION], INT, (duration: CelDuration) => duration.ns / unit)];
}

/** Readers of timestamps and durations. */
export const TIME_FUNCTIONS: FunctionTable = {
  getFullYear: getter("year", (d) => d.getUTCFullYear()),
  getMonth: getter("month", (d) => d.getUTCMonth()),
  getDayOfYear: getter("day_of_year", dayOfYear),
  getDayOfMonth: getter("day_of_month", (d) => d.getUTCDate() - 1),
  getDate: getter("day_of_month_1_based", (d) => d.getUTCDate()),
  getDayOfWeek: getter("day_of_week", (d) => d.getUTCDay()),
  getHours: [...getter("hours", (d) => d.getUTCHours()), ...part("hours", 3_600_000_000_000n)],
  getMinutes: [...getter("minutes", (d) => d.getUTCMinutes()), ...part("minutes", 60_000_000_000n)],
  getSeconds: [...getter("seconds", (d) => d.getUTCSeconds()), ...part("seconds", 1_000_000_000n)],
  getMilliseconds: [
    ...getter("milliseconds", (d) => d.getUTCMilliseconds()),
    method("duration_to_milliseconds", [DURATION], INT, (duration: CelDuration) => duration.ns / 1_000_000n),
  ],
};
