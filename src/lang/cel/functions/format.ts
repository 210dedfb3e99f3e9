/** `"%s is %d".format(["x", 1])` as version 2 of cel-go's strings extension has it, which is Kubernetes': numbers go by the English locale. */
import { goQuote } from "../../../core/go-quote.ts";
import { CelError } from "../errors.ts";
import { formatDuration, formatTimestamp } from "../time.ts";
import { CelDuration, CelMap, CelTimestamp, CelTypeValue, CelUint, type CelValue, isList, typeOfValue } from "../values.ts";
import { formatDouble } from "./conversions.ts";

export type Verb = "s" | "d" | "f" | "e" | "b" | "x" | "X" | "o";

/** One `%` clause of a template. */
export interface Clause {
  readonly verb: Verb;
  readonly precision: number | undefined;
}

const VERBS = "sdfebxXo";
const DEFAULT_PRECISION = 6;

/** What a verb does not take, in upstream's words. */
export const MISFITS: Readonly<Record<Verb, string>> = {
  s: "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
  d: "decimal clause can only be used on integers",
  f: "fixed-point clause can only be used on doubles",
  e: "scientific clause can only be used on doubles",
  b: "only integers and bools can be formatted as binary",
  x: "only integers, byte buffers, and strings can be formatted as hex",
  X: "only integers, byte buffers, and strings can be formatted as hex",
  o: "octal clause can only be used on integers",
};

export function misfit(verb: Verb, type: string): CelError {
  return new CelError(`error during formatting: ${MISFITS[verb]}, was given ${type}`);
}

/** Texts and clauses in turn. `hasArgument` is asked before the clause of that number is read. Throws CelError. */
export function readTemplate(template: string, hasArgument: (index: number) => boolean): readonly (string | Clause)[] {
  const parts: (string | Clause)[] = [];
  let clauses = 0;
  for (let at = 0; at < template.length; ) {
    const percent = template.indexOf("%", at);
    if (percent < 0) {
      parts.push(template.slice(at));
      break;
    }
    parts.push(template.slice(at, percent));
    if (template[percent + 1] === "%") {
      parts.push("%");
      at = percent + 2;
      continue;
    }
    if (percent + 1 >= template.length) throw new CelError("unexpected end of string");
    if (!hasArgument(clauses)) throw new CelError(`index ${clauses} out of range`);
    const { clause, end } = readClause(template, percent + 1);
    parts.push(clause);
    clauses++;
    at = end;
  }
  return parts;
}

function readClause(template: string, start: number): { clause: Clause; end: number } {
  const fault = (why: string): CelError => new CelError(`could not parse formatting clause: ${why}`);
  let at = start;
  let precision: number | undefined;
  if (template[at] === ".") {
    const digits = /^\d*/u.exec(template.slice(at + 1))?.[0] ?? "";
    at += 1 + digits.length;
    if (at >= template.length) throw fault("error while parsing precision: could not find end of precision specifier");
    if (digits === "") {
      throw fault(`error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax`);
    }
    precision = Number(digits);
  }
  const verb = template[at] as string;
  if (!VERBS.includes(verb)) throw fault(`unrecognized formatting clause "${verb}"`);
  return { clause: { verb: verb as Verb, precision }, end: at + 1 };
}

/** Throws CelError where a clause does not take its argument, or there is none. */
export function format(template: string, args: readonly CelValue[]): string {
  let next = 0;
  const parts = readTemplate(template, (index) => index < args.length);
  return parts.map((part) => (typeof part === "string" ? part : clauseText(part, args[next++] as CelValue))).join("");
}

function clauseText({ verb, precision }: Clause, value: CelValue): string {
  const text = textOf(verb, precision, value);
  if (text === undefined) throw misfit(verb, typeOfValue(value).name);
  return text;
}

function textOf(verb: Verb, precision: number | undefined, value: CelValue): string | undefined {
  switch (verb) {
    case "s":
      return plain(value);
    case "d":
      return whole(value)?.toString();
    case "f": {
      const n = real(value);
      return n === undefined ? undefined : fixed(n, precision ?? DEFAULT_PRECISION);
    }
    case "e": {
      const n = real(value);
      return n === undefined ? undefined : scientific(n, precision ?? DEFAULT_PRECISION);
    }
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : whole(value)?.toString(2);
    case "o":
      return whole(value)?.toString(8);
    case "x":
      return hex(value);
    default:
      return hex(value)?.toUpperCase();
  }
}

function whole(value: CelValue): bigint | undefined {
  if (typeof value === "bigint") return value;
  return value instanceof CelUint ? value.value : undefined;
}

const NAMED: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function real(value: CelValue): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && Object.hasOwn(NAMED, value) ? NAMED[value] : undefined;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? undefined : value > 0 ? "∞" : "-∞";
}

/** With thousands apart; a tie goes to the even digit, where toFixed goes away from zero. */
function fixed(value: number, precision: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const [units, decimals] = exactFixed(value, precision).split(".") as [string, string | undefined];
  const grouped = units.replace(/\B(?=(?:\d{3})+$)/gu, ",");
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

function exactFixed(value: number, precision: number): string {
  // toFixed turns to exponents from 1e21 on, and knows a hundred digits.
  if (Math.abs(value) >= 1e21) return precision === 0 ? BigInt(value).toString() : `${BigInt(value)}.${"0".repeat(precision)}`;
  const rounded = value.toFixed(Math.min(precision, 100)) + "0".repeat(Math.max(0, precision - 100));
  const last = Number(rounded.at(-1));
  // A double is a whole number of some power of two: it lies halfway exactly when this is odd.
  const halves = Math.abs(value) * 2 ** (precision + 1);
  if (last % 2 === 0 || !Number.isInteger(halves) || halves % 2 !== 1) return rounded;
  return rounded.slice(0, -1) + String(last - 1);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Six decimals always: upstream takes the precision for the least width. */
function scientific(value: number, width: number): string {
  const named = special(value);
  if (named !== undefined) return named.padStart(width);
  const [digits, exponent] = value.toExponential(DEFAULT_PRECISION).split("e") as [string, string];
  const power = Math.abs(Number(exponent)).toString().padStart(2, "0");
  const raised = Array.from(power, (d) => SUPERSCRIPTS[Number(d)]).join("");
  return `${digits}×10${exponent.startsWith("-") ? "⁻" : ""}${raised}`.padStart(width);
}

function hex(value: CelValue): string | undefined {
  if (typeof value === "string" || value instanceof Uint8Array) return Buffer.from(value as string).toString("hex");
  return whole(value)?.toString(16);
}

/** A value by itself; undefined of those that have no text. */
function plain(value: CelValue): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || value === null) return String(value);
  if (typeof value === "number") return formatDouble(value);
  if (value instanceof Uint8Array) return utf8(value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelTypeValue) return value.type.name;
  if (isList(value)) return `[${value.map(inner).join(", ")}]`;
  if (value instanceof CelMap) {
    const entries = [...value.keys()].map((key) => [inner(key), inner(value.get(key) as CelValue)] as const);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, v]) => `${key}:${v}`).join(", ")}}`;
  }
  return whole(value)?.toString();
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const why = `could not convert argument "invalid UTF-8 in bytes, cannot convert to string" to string`;
    throw new CelError(`error during formatting: ${why}`);
  }
}

/** A value within a list or a map, as an expression would write it. */
function inner(value: CelValue): string {
  if (typeof value === "string") return goQuote(value);
  if (typeof value === "number") return special(value) === undefined ? exactFixed(value, DEFAULT_PRECISION) : goQuote(formatDouble(value));
  if (value instanceof Uint8Array) return `b${goQuote(utf8(value))}`;
  if (value instanceof CelDuration) return `duration("${formatDuration(value)}")`;
  if (value instanceof CelTimestamp) return `timestamp("${formatTimestamp(value)}")`;
  const text = plain(value);
  if (text === undefined) throw new CelError(`error during formatting: no formatting function for ${typeOfValue(value).name}`);
  return text;
}
