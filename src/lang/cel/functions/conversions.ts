import { CelError } from "../errors.ts";
import { type FunctionTable, global } from "../function.ts";
import { floorDivide, formatDuration, formatTimestamp, parseDuration, parseTimestamp, timestampOf } from "../time.ts";
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, param, STRING, TIMESTAMP, typeOf, UINT } from "../types.ts";
import { CelDuration, type CelTimestamp, CelTypeValue, CelUint, type CelValue, typeOfValue } from "../values.ts";
import { int, uint } from "./operators.ts";

const A = param("A");
const same = (value: CelValue): CelValue => value;

const conversionError = (from: string, to: string): CelError => new CelError(`type conversion error from '${from}' to '${to}'`);

/** Text that ParseInt or ParseUint of Go would read. */
function wholeNumber(text: string, to: string): bigint {
  if (!(to === "uint" ? /^\d+$/u : /^[+-]?\d+$/u).test(text)) throw conversionError("string", to);
  return BigInt(text.replace(/^\+/u, ""));
}

/** The double closest to the limit of int64 lies outside of it already, so both limits are excluded. */
function doubleToInt(value: number): bigint {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) throw new CelError("integer overflow");
  return BigInt(Math.trunc(value));
}

function doubleToUint(value: number): CelUint {
  if (!(value >= 0 && value < 2 ** 64)) throw new CelError("unsigned integer overflow");
  return uint(BigInt(Math.trunc(value)));
}

function stringToDouble(text: string): number {
  if (/^[+-]?(?:inf|infinity)$/iu.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/iu.test(text)) return Number.NaN;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u.test(text)) throw conversionError("string", "double");
  return Number(text);
}

/** As Go's `%g` with the shortest digits: an exponent of at least two digits below 1e-4 and from 1e21 on. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const size = Math.abs(value);
  const text = size !== 0 && size < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/u, "e$10$2");
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
    throw error;
  }
}

const TRUE_WORDS = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE_WORDS = new Set(["0", "f", "F", "false", "FALSE", "False"]);

function stringToBool(text: string): boolean {
  if (TRUE_WORDS.has(text)) return true;
  if (FALSE_WORDS.has(text)) return false;
  throw conversionError("string", "bool");
}

/** `int(x)`, `string(x)` and the like, `dyn` and `type`. */
export const CONVERSIONS: FunctionTable = {
  type: [global("type", [A], typeOf(A), (value: CelValue) => new CelTypeValue(typeOfValue(value)))],
  dyn: [global("to_dyn", [A], DYN, same)],
  bool: [global("bool_to_bool", [BOOL], BOOL, same), global("string_to_bool", [STRING], BOOL, stringToBool)],
  bytes: [
    global("bytes_to_bytes", [BYTES], BYTES, same),
    global("string_to_bytes", [STRING], BYTES, (text: string) => new TextEncoder().encode(text)),
  ],
  double: [
    global("double_to_double", [DOUBLE], DOUBLE, same),
    global("int64_to_double", [INT], DOUBLE, (value: bigint) => Number(value)),
    global("string_to_double", [STRING], DOUBLE, stringToDouble),
    global("uint64_to_double", [UINT], DOUBLE, (value: CelUint) => Number(value.value)),
  ],
  duration: [
    global("duration_to_duration", [DURATION], DURATION, same),
    global("int64_to_duration", [INT], DURATION, (value: bigint) => new CelDuration(value)),
    global("string_to_duration", [STRING], DURATION, parseDuration),
  ],
  int: [
    global("int64_to_int64", [INT], INT, same),
    global("double_to_int64", [DOUBLE], INT, doubleToInt),
    global("duration_to_int64", [DURATION], INT, (value: CelDuration) => value.ns),
    global("string_to_int64", [STRING], INT, (text: string) => int(wholeNumber(text, "int"))),
    global("timestamp_to_int64", [TIMESTAMP], INT, (value: CelTimestamp) => floorDivide(value.ns, 1_000_000_000n)),
    global("uint64_to_int64", [UINT], INT, (value: CelUint) => int(value.value)),
  ],
  string: [
    global("string_to_string", [STRING], STRING, same),
    global("bool_to_string", [BOOL], STRING, String),
    global("bytes_to_string", [BYTES], STRING, utf8),
    global("double_to_string", [DOUBLE], STRING, formatDouble),
    global("duration_to_string", [DURATION], STRING, formatDuration),
    global("int64_to_string", [INT], STRING, String),
    global("timestamp_to_string", [TIMESTAMP], STRING, formatTimestamp),
    global("uint64_to_string", [UINT], STRING, (value: CelUint) => String(value.value)),
  ],
  timestamp: [
    global("timestamp_to_timestamp", [TIMESTAMP], TIMESTAMP, same),
    global("int64_to_timestamp", [INT], TIMESTAMP, (value: bigint) => timestampOf(value * 1_000_000_000n)),
    global("string_to_timestamp", [STRING], TIMESTAMP, parseTimestamp),
  ],
  uint: [
    global("uint64_to_uint64", [UINT], UINT, same),
    global("double_to_uint64", [DOUBLE], UINT, doubleToUint),
    global("int64_to_uint64", [INT], UINT, (value: bigint) => uint(value)),
    global("string_to_uint64", [STRING], UINT, (text: string) => uint(wholeNumber(text, "uint"))),
  ],
};
