import { CelError } from "../errors.ts";
import { formatTimestamp } from "../time.ts";
import { CelDuration, CelMap, CelTimestamp, CelTypeValue, CelUint, type CelValue, isList, typeOfValue } from "../values.ts";

const DEFAULT_PRECISION = 6;

/** `"%s is %d".format(["x", 1])`. Throws CelError where a clause does not take its argument, or there is none. */
export function format(template: string, args: readonly CelValue[]): string {
  let next = 0;
  return template.replace(/%(?:%|(?:\.(\d+))?([a-zA-Z])?)/gu, (clause, digits?: string, verb?: string) => {
    if (clause === "%%") return "%";
    const value = args[next++];
    if (value === undefined) throw new CelError(`index ${next - 1} out of range`);
    const precision = digits === undefined ? DEFAULT_PRECISION : Number(digits);
    if (precision > 100) throw new CelError(`precision ${precision} is too large`);
    const formatted = clauseText(verb, value, precision);
    if (formatted === undefined) throw misfit(verb, value);
    return formatted;
  });
}

function misfit(verb: string | undefined, value: CelValue): CelError {
  if (verb === undefined || !"sdfebxXo".includes(verb))
    return new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb ?? ""}"`);
  return new CelError(`error during formatting: %${verb} does not take ${typeOfValue(value).name}`);
}

function clauseText(verb: string | undefined, value: CelValue, precision: number): string | undefined {
  switch (verb) {
    case "s":
      return text(value);
    case "d":
      return whole(value)?.toString() ?? (typeof value === "number" ? decimal(value) : undefined);
    case "f":
      return real(value, (n) => fixed(n, precision));
    case "e":
      return real(value, (n) => n.toExponential(precision).replace(/e([+-])(\d)$/u, "e$10$2"));
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : whole(value)?.toString(2);
    case "o":
      return whole(value)?.toString(8);
    case "x":
      return hex(value);
    case "X":
      return hex(value)?.toUpperCase();
    default:
      return undefined;
  }
}

function whole(value: CelValue): bigint | undefined {
  if (typeof value === "bigint") return value;
  return value instanceof CelUint ? value.value : undefined;
}

function real(value: CelValue, finite: (n: number) => string): string | undefined {
  const n = typeof value === "number" ? value : whole(value);
  if (n === undefined) return undefined;
  return Number.isFinite(Number(n)) ? finite(Number(n)) : special(Number(n));
}

function special(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

/** Exact even above 1e21, where toFixed turns to exponents; a tie goes to the even digit, where toFixed goes away from zero. */
function fixed(value: number, precision: number): string {
  if (Math.abs(value) >= 1e21) return precision === 0 ? BigInt(value).toString() : `${BigInt(value)}.${"0".repeat(precision)}`;
  const rounded = value.toFixed(precision);
  const odd = "13579".includes(rounded.at(-1) as string);
  // A double is a whole number of some power of two: it lies halfway exactly when this is odd.
  const halves = Math.abs(value) * 2 ** (precision + 1);
  if (!odd || !Number.isInteger(halves) || halves % 2 !== 1) return rounded;
  return rounded.slice(0, -1) + String(Number(rounded.at(-1)) - 1);
}

/** The shortest digits that read back as the same double, never with an exponent. */
function decimal(value: number): string {
  if (!Number.isFinite(value)) return special(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/u.exec(value.toExponential());
  if (!match) return String(value);
  const digits = (match[2] as string) + (match[3] ?? "");
  const point = Number(match[4]) + 1;
  const sign = Object.is(value, -0) ? "-" : (match[1] as string);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function hex(value: CelValue): string | undefined {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return whole(value)?.toString(16);
}

function text(value: CelValue): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || value === null) return String(value);
  if (typeof value === "number") return decimal(value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof CelDuration) return `${decimal(Number(value.ns) / 1e9)}s`;
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelTypeValue) return value.type.name;
  if (isList(value)) return `[${value.map(inner).join(", ")}]`;
  if (value instanceof CelMap) {
    const entries = [...value.keys()].map((key) => [inner(key), inner(value.get(key) as CelValue)] as const);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, v]) => `${key}: ${v}`).join(", ")}}`;
  }
  return whole(value)?.toString();
}

function inner(value: CelValue): string {
  const found = text(value);
  if (found === undefined) throw misfit("s", value);
  return found;
}
