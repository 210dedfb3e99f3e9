/** What is wrong with a cron schedule, in the words of the parser that upstream uses (robfig/cron). */

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];
const descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

class Fault extends Error {}

/** Undefined for a good one. */
export function scheduleError(text: string): string | undefined {
  const zone = /^(?:CRON_)?TZ=(\S*)(.*)$/s.exec(text);
  const schedule = (zone?.[2] ?? text).trim();
  if (schedule.startsWith("@")) return descriptorError(schedule);
  const parts = schedule.split(/\s+/).filter((p) => p !== "");
  if (parts.length !== 5) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  try {
    for (const [i, part] of parts.entries()) checkField(part, fields[i] as Field);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

function descriptorError(text: string): string | undefined {
  if (descriptors.includes(text)) return undefined;
  if (!text.startsWith("@every ")) return `unrecognized descriptor: ${text}`;
  const duration = text.slice("@every ".length);
  if (/^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) return undefined;
  return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
}

function checkField(text: string, field: Field): void {
  for (const range of text.split(",")) if (range !== "") checkRange(range, field);
}

function checkRange(text: string, { min, max, names }: Field): void {
  const [bounds = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...more] = bounds.split("-");
  let start = min;
  let end = max;
  if (low !== "*" && low !== "?") {
    start = numberOf(low, names, min);
    if (more.length > 0) throw new Fault(`too many hyphens: ${text}`);
    end = high === undefined ? start : numberOf(high, names, min);
  }
  if (moreSteps.length > 0) throw new Fault(`too many slashes: ${text}`);
  const step = stepText === undefined ? 1 : numberOf(stepText, [], 0);
  if (stepText !== undefined && high === undefined) end = max;
  if (start < min) throw new Fault(`beginning of range (${start}) below minimum (${min}): ${text}`);
  if (end > max) throw new Fault(`end of range (${end}) above maximum (${max}): ${text}`);
  if (start > end) throw new Fault(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Fault(`step of range should be a positive number: ${text}`);
}

function numberOf(text: string, names: readonly string[], first: number): number {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + first;
  if (!/^[-+]?\d+$/.test(text)) {
    throw new Fault(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (value < 0) throw new Fault(`negative number (${value}) not allowed: ${text}`);
  return value;
}
