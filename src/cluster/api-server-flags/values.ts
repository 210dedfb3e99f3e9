/** Reads the text of one flag by its type, and words what is wrong as Go's flag package does. */
import { isIP } from "node:net";
import { parseGoBool } from "../../core/feature-gates.ts";
import { parseGoDuration } from "../../core/go-duration.ts";
import type { FlagRow, FlagType } from "./flag.ts";

/** Undefined: the text is a value of this type. Otherwise why it is not. */
type Check = (text: string) => string | undefined;

const quote = (text: string): string => JSON.stringify(text);

const checks: Readonly<Partial<Record<FlagType, Check>>> = {
  bool: (text) => (parseGoBool(text) === undefined ? `strconv.ParseBool: parsing ${quote(text)}: invalid syntax` : undefined),
  int: (text) => (/^[-+]?\d+$/.test(text) ? undefined : `strconv.ParseInt: parsing ${quote(text)}: invalid syntax`),
  float: (text) =>
    text.trim() === text && text !== "" && !Number.isNaN(Number(text))
      ? undefined
      : `strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`,
  duration: (text) => (parseGoDuration(text) === undefined ? durationFault(text) : undefined),
  ip: (text) => (isIP(text.trim()) === 0 ? `failed to parse IP: ${quote(text)}` : undefined),
  map: (text) => {
    const bad = text.split(",").find((pair) => pair.trim() !== "" && !pair.includes("="));
    return bad === undefined ? undefined : `malformed pair, expect string=string`;
  },
  portRange: (text) => (portRangeOf(text) === undefined ? `unable to parse port range: ${text}` : undefined),
  namedCertKey: (text) => (/^[^,:]+,[^,:]+(:[^:]*)?$/.test(text) ? undefined : "expected comma separated certificate and key file paths"),
  quantity: (text) =>
    /^\d+(\.\d+)?([KMGTPE]i?)?$/.test(text)
      ? undefined
      : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
};

function durationFault(text: string): string {
  return `time: ${/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text) ? "missing unit in" : "invalid"} duration ${quote(text)}`;
}

/** What is wrong with `text` as the value of this flag, in upstream's words; undefined: nothing. */
export function valueFault(row: FlagRow, text: string): string | undefined {
  // A key of --runtime-config may stand alone: it is on.
  const why = row.name === "runtime-config" ? undefined : checks[row.type]?.(text);
  return why === undefined ? undefined : `invalid argument ${quote(text)} for "--${row.name}" flag: ${why}`;
}

/** `30000-32767` or `30000+2767`: both ends, inclusive; undefined when it is none. */
export function portRangeOf(text: string): readonly [number, number] | undefined {
  const match = /^\s*(\d+)\s*(?:([-+])\s*(\d+)\s*)?$/.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : match[2] === "+" ? from + Number(match[3]) : Number(match[3]);
  return from <= to && to <= 65535 ? [from, to] : undefined;
}

/** The items of a list, whether it was given once with commas or several times. */
export function listOf(row: FlagRow, texts: readonly string[]): string[] {
  if (row.type === "stringArray" || row.type === "namedCertKey") return [...texts];
  return texts.flatMap((text) => (text === "" ? [] : text.split(",")));
}

/** Keys and values in the order given. A key without a value, as `--runtime-config` allows it, has "". */
export function mapOf(texts: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const pair of texts.flatMap((text) => text.split(","))) {
    if (pair.trim() === "") continue;
    const equals = pair.indexOf("=");
    map.set((equals < 0 ? pair : pair.slice(0, equals)).trim(), equals < 0 ? "" : pair.slice(equals + 1).trim());
  }
  return map;
}

/** The default, as the texts that would give it. */
export function defaultTexts(row: FlagRow): readonly string[] {
  if (row.default === "" || row.default === "[]" || row.default === "<nil>") return [];
  return [row.default.replace(/^\[(.*)\]$/, "$1")];
}
