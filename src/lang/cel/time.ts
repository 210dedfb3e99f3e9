import { CelError } from "./errors.ts";
import { CelDuration, CelTimestamp, INT_MAX, INT_MIN } from "./values.ts";

const SECOND = 1_000_000_000n;
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** Throws CelError outside of the years 1 to 9999. */
export function timestampOf(ns: bigint): CelTimestamp {
  const seconds = floorDivide(ns, SECOND);
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new CelError("timestamp overflow");
  return new CelTimestamp(ns);
}

/** Throws CelError where the span does not fit into 64 bits of nanoseconds. */
export function durationOf(ns: bigint): CelDuration {
  if (ns > INT_MAX || ns < INT_MIN) throw new CelError("duration overflow");
  return new CelDuration(ns);
}

export function addToTimestamp(time: CelTimestamp, ns: bigint): CelTimestamp {
  return timestampOf(time.ns + ns);
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/u;

/** Reads RFC 3339. Throws CelError. */
export function parseTimestamp(text: string): CelTimestamp {
  const match = RFC3339.exec(text);
  const fault = (): CelError => new CelError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`);
  if (!match) throw fault();
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) throw fault();
  const offset = offsetMinutes(match[8] as string) ?? 0;
  const seconds = BigInt(date.getTime() / 1000) - BigInt(offset * 60);
  return timestampOf(seconds * SECOND + BigInt((match[7] ?? "").padEnd(9, "0")));
}

export function formatTimestamp(time: CelTimestamp): string {
  const seconds = floorDivide(time.ns, SECOND);
  const fraction = String(time.ns - seconds * SECOND)
    .padStart(9, "0")
    .replace(/0+$/u, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}

const UNITS: Readonly<Record<string, bigint>> = {
  h: 3600n * SECOND,
  m: 60n * SECOND,
  s: SECOND,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n,
};

/** Reads Go's form of a duration: `1h30m`, `-1.5s`. Throws CelError. */
export function parseDuration(text: string): CelDuration {
  const fault = (): CelError => new CelError(`type conversion error from 'string' to 'google.protobuf.Duration'`);
  const match = /^([+-]?)(.+)$/u.exec(text);
  if (!match) throw fault();
  if (match[2] === "0") return new CelDuration(0n);
  const parts = match[2] as string;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/u.test(parts)) throw fault();
  let total = 0n;
  for (const [, whole, fraction, unit] of parts.matchAll(/(\d*)\.?(\d*)(h|ms|m|s|us|µs|μs|ns)/gu)) {
    const scale = UNITS[unit as string] as bigint;
    const digits = fraction as string;
    total += BigInt(whole || "0") * scale + (BigInt(digits || "0") * scale) / 10n ** BigInt(digits.length);
  }
  return durationOf(match[1] === "-" ? -total : total);
}

/** Seconds with as many decimals as needed: `90.5s`. */
export function formatDuration(duration: CelDuration): string {
  const size = duration.ns < 0n ? -duration.ns : duration.ns;
  const fraction = String(size % SECOND)
    .padStart(9, "0")
    .replace(/0+$/u, "");
  return `${duration.ns < 0n ? "-" : ""}${size / SECOND}${fraction === "" ? "" : `.${fraction}`}s`;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const match = /^([+-]?)(\d\d):(\d\d)$/u.exec(zone);
  if (!match) return undefined;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

/** The moment with its local fields readable as if they were UTC's. Throws CelError for a zone that is not known. */
export function localTime(time: CelTimestamp, zone: string | undefined): Date {
  const milliseconds = Number(floorDivide(time.ns, 1_000_000n));
  if (zone === undefined || zone === "" || zone === "UTC") return new Date(milliseconds);
  const offset = offsetMinutes(zone);
  if (offset !== undefined) return new Date(milliseconds + offset * 60_000);
  try {
    const parts = new Intl.DateTimeFormat("en-US", { ...FIELDS, timeZone: zone }).formatToParts(milliseconds);
    const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((p) => p.type === type)?.value);
    const local = new Date(0);
    local.setUTCFullYear(field("year"), field("month") - 1, field("day"));
    const subSecond = ((milliseconds % 1000) + 1000) % 1000;
    local.setUTCHours(field("hour"), field("minute"), field("second"), subSecond);
    return local;
  } catch (error) {
    if (error instanceof RangeError) throw new CelError(`unknown time zone ${zone}`);
    throw error;
  }
}

const FIELDS: Intl.DateTimeFormatOptions = {
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
};
