/** The string formats that have types of their own in expressions, as `k8s.io/kube-openapi/pkg/validation/strfmt` reads them. */
import { CelError } from "./errors.ts";
import { parseDuration, parseTimestamp } from "./time.ts";
import { CelDuration, CelTimestamp } from "./values.ts";

const DAY = 86_400_000_000_000n;
/** Words of units that Go's own durations do not have; of each the last may go on: `seconds`. */
const UNITS: readonly (readonly [words: readonly string[], scale: bigint])[] = [
  [["ns", "nano"], 1n],
  [["us", "µs", "micro"], 1000n],
  [["ms", "milli"], 1_000_000n],
  [["s", "sec"], 1_000_000_000n],
  [["m", "min"], 60_000_000_000n],
  [["h", "hr", "hour"], 3_600_000_000_000n],
  [["d", "day"], DAY],
  [["w", "wk", "week"], 7n * DAY],
];

/** `1h30m` as Go reads it, else sums of numbers with units that may be days and weeks: `1 day 2h`. Throws CelError. */
export function readGoDuration(text: string): CelDuration {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
  }
  let total = 0n;
  let found = false;
  for (const [, digits, word] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/gu)) {
    const unit = (word as string).toLowerCase();
    const scale = UNITS.find(([words]) => words.includes(unit) || unit.startsWith(words.at(-1) as string));
    if (scale === undefined) continue;
    total += BigInt(digits as string) * scale[1];
    found = true;
  }
  if (!found) throw new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`);
  return new CelDuration(total);
}

/** `2006-01-02`. Throws CelError. */
export function readDate(text: string): CelTimestamp {
  try {
    if (/^\d{4}-\d\d-\d\d$/u.test(text)) return parseTimestamp(`${text}T00:00:00Z`);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
  }
  throw new CelError(`Invalid date formatted string ${text}: parsing time "${text}" as "2006-01-02": cannot parse "${text}" as "2006"`);
}

/** RFC 3339, also without a zone (UTC) or with one that has no colon. Throws CelError. */
export function readDateTime(text: string): CelTimestamp {
  if (text === "") return parseTimestamp("1970-01-01T00:00:00Z");
  const match = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?$/u.exec(text);
  const fault = (): CelError => new CelError(`Invalid date-time formatted string ${text}: parsing time "${text}" failed`);
  if (!match) throw fault();
  const zone = (match[4] ?? "Z").toUpperCase();
  const colon = zone === "Z" || zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  try {
    return parseTimestamp(`${match[1]}T${match[2]}${match[3] ?? ""}${colon}`);
  } catch (error) {
    if (error instanceof CelError) throw fault();
    throw error;
  }
}

/** Standard base64 with its padding. Throws CelError. */
export function readBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(text)) {
    const at = text.search(/[^A-Za-z0-9+/=]/u);
    throw new CelError(`Invalid byte formatted string ${text}: illegal base64 data at input byte ${Math.max(at, 0)}`);
  }
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
