/** Times as metav1.Time and metav1.MicroTime read and write them (RFC 3339), with the messages of Go's `time.Parse`. */
export class TimeError extends Error {}

const layout = "2006-01-02T15:04:05Z07:00";
const microLayout = "2006-01-02T15:04:05.000000Z07:00";

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0);
}

interface Parsed {
  /** Seconds since the epoch. */
  seconds: number;
  nanos: number;
}

/** The parts of a time in the order in which Go looks for them: what the layout calls them, and what they look like. */
const parts: readonly (readonly [string, RegExp])[] = [
  ["2006", /^\d{4}/],
  ["-", /^-/],
  ["01", /^\d\d/],
  ["-", /^-/],
  ["02", /^\d\d/],
  ["T", /^T/],
  ["15", /^\d\d?/],
  [":", /^:/],
  ["04", /^\d\d/],
  [":", /^:/],
  ["05", /^\d\d/],
];

function parse(text: string, micro: boolean): Parsed {
  const as = micro ? microLayout : layout;
  let rest = text;
  const found: number[] = [];
  const take = (name: string, pattern: RegExp): string => {
    const match = pattern.exec(rest);
    if (match === null) {
      throw new TimeError(
        `parsing time ${JSON.stringify(text)} as ${JSON.stringify(as)}: cannot parse ${JSON.stringify(rest)} as "${name}"`,
      );
    }
    rest = rest.slice(match[0].length);
    return match[0];
  };
  const range = (what: string): never => {
    throw new TimeError(`parsing time ${JSON.stringify(text)}: ${what} out of range`);
  };
  for (const [name, pattern] of parts) {
    const piece = take(name, pattern);
    if (name.length === 1) continue;
    found.push(Number(piece));
    if (name === "01" && (found[1] === 0 || (found[1] as number) > 12)) range("month");
    if (name === "15" && (found[3] as number) > 23) range("hour");
    if (name === "04" && (found[4] as number) > 59) range("minute");
    if (name === "05" && (found[5] as number) > 59) range("second");
  }
  let nanos = 0;
  if (micro) nanos = Number(take(".000000", /^[.,]\d{6}/).slice(1)) * 1000;
  else if (/^[.,]\d/.test(rest))
    nanos = Number(
      take("", /^[.,]\d+/)
        .slice(1, 10)
        .padEnd(9, "0"),
    );
  const zone = take("Z07:00", /^(?:Z|[+-]\d\d:\d\d)/);
  if (rest !== "") throw new TimeError(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`);
  const [year, month, day, hour, minute, second] = found as [number, number, number, number, number, number];
  if (day < 1 || day > daysIn(year, month)) range("day");
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  let seconds = date.getTime() / 1000;
  if (zone !== "Z") {
    const [zoneHours, zoneMinutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
    if (zoneHours > 24) range("time zone offset hour");
    if (zoneMinutes > 59) range("time zone offset minute");
    seconds -= (zoneHours * 3600 + zoneMinutes * 60) * (zone[0] === "-" ? -1 : 1);
  }
  return { seconds, nanos };
}

/** Seconds of Go's zero time, which is written as null. */
const zeroTime = -62135596800;

const plain = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** `2026-01-01T02:00:00.5+02:00` → `2026-01-01T00:00:00Z`; null for Go's zero time. Throws {@link TimeError}. */
export function canonicalTime(text: string): string | null {
  if (plain.test(text) && !text.startsWith("0001")) return text;
  const { seconds } = parse(text, false);
  return formatSeconds(seconds);
}

/** As {@link canonicalTime}, with six digits of a second, which the input must have too. */
export function canonicalMicroTime(text: string): string | null {
  const { seconds, nanos } = parse(text, true);
  return formatMicros(seconds, nanos);
}

/** The text of a time in seconds since the epoch; null for Go's zero time. */
export function formatSeconds(seconds: number): string | null {
  if (seconds === zeroTime) return null;
  return `${isoDate(seconds)}Z`;
}

/** With microseconds; null for Go's zero time. */
export function formatMicros(seconds: number, nanos: number): string | null {
  if (seconds === zeroTime && nanos === 0) return null;
  return `${isoDate(seconds)}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

/** Times come in bursts of the same second. */
let lastSeconds = Number.NaN;
let lastText = "";

function isoDate(seconds: number): string {
  if (seconds === lastSeconds) return lastText;
  const text = new Date(seconds * 1000).toISOString().slice(0, -5);
  lastSeconds = seconds;
  lastText = text;
  return text;
}

/** Seconds since the epoch of a time that {@link canonicalTime} wrote. Throws {@link TimeError} for other text. */
export function timeSeconds(text: string): number {
  const at = Date.parse(text);
  return Number.isNaN(at) ? parse(text, false).seconds : Math.floor(at / 1000);
}

/** Seconds and nanoseconds of a time that {@link canonicalMicroTime} wrote. */
export function microTimeParts(text: string): { seconds: number; nanos: number } {
  return /\.\d{6}/.test(text) ? parse(text, true) : parse(text, false);
}
