import { goEscapes } from "../../../core/go-quote.ts";
import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { INT, LIST, listOf, STRING } from "../types.ts";
import type { CelValue } from "../values.ts";
import { format } from "./format.ts";

const outOfRange = (index: bigint): CelError => new CelError(`index out of range: ${index}`);

function charAt(text: string, index: bigint): string {
  const points = Array.from(text);
  if (index < 0n || index > BigInt(points.length)) throw outOfRange(index);
  return points[Number(index)] ?? "";
}

function startsAt(points: readonly string[], wanted: readonly string[], at: number): boolean {
  return wanted.every((c, i) => points[at + i] === c);
}

function indexOf(text: string, part: string, offset = 0n): bigint {
  if (part === "") return offset;
  if (offset < 0n) throw outOfRange(offset);
  const points = Array.from(text);
  const wanted = Array.from(part);
  for (let i = Number(offset); i <= points.length - wanted.length; i++) if (startsAt(points, wanted, i)) return BigInt(i);
  return -1n;
}

function lastIndexOf(text: string, part: string, offset?: bigint): bigint {
  const points = Array.from(text);
  if (part === "") return offset ?? BigInt(points.length);
  if (offset !== undefined && offset < 0n) throw outOfRange(offset);
  if (offset !== undefined && offset >= BigInt(points.length)) return -1n;
  const wanted = Array.from(part);
  const last = points.length - wanted.length;
  for (let i = Math.min(Number(offset ?? last), last); i >= 0; i--) if (startsAt(points, wanted, i)) return BigInt(i);
  return -1n;
}

/** Go's SplitN: the last part keeps what is left; without a separator every code point is a part. */
function split(text: string, separator: string, limit = -1n): readonly string[] {
  if (limit === 0n) return [];
  const parts = separator === "" ? Array.from(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = Number(limit) - 1;
  return [...parts.slice(0, kept), parts.slice(kept).join(separator)];
}

/** Go's Replace: a limit below zero means all; nothing lies between all code points and at both ends. */
function replace(text: string, from: string, to: string, limit = -1n): string {
  if (limit < 0n) limit = BigInt(text.length + 1);
  if (from !== "") return split(text, from, limit + 1n).join(to);
  const points = Array.from(text);
  const count = Math.min(Number(limit), points.length + 1);
  const tail = count > points.length ? to : "";
  return points.map((c, i) => (i < count ? to + c : c)).join("") + tail;
}

function substring(text: string, start: bigint, end?: bigint): string {
  const points = Array.from(text);
  const length = BigInt(points.length);
  if (end !== undefined && start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) throw outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) throw outOfRange(end);
  return points.slice(Number(start), end === undefined ? undefined : Number(end)).join("");
}

function join(list: readonly CelValue[], separator = ""): string {
  const wrong = list.find((v) => typeof v !== "string");
  if (wrong !== undefined) throw new CelError("join: invalid input");
  return list.join(separator);
}

const quote = (text: string): string => `"${Array.from(text.toWellFormed(), (c) => goEscapes[c] ?? c).join("")}"`;
/** Go's unicode.IsSpace: U+0085 is space there, U+FEFF is not. */
const trim = (text: string): string => text.replace(/^[\s\u0085]+|[\s\u0085]+$/gu, (run) => run.replace(/[^\ufeff]+/gu, ""));
const lowerAscii = (text: string): string => text.replace(/[A-Z]+/gu, (s) => s.toLowerCase());
const upperAscii = (text: string): string => text.replace(/[a-z]+/gu, (s) => s.toUpperCase());

/** cel-go's strings extension. */
export const STRING_FUNCTIONS: FunctionTable = {
  charAt: [method("string_char_at_int", [STRING, INT], STRING, charAt)],
  indexOf: [
    method("string_index_of_string", [STRING, STRING], INT, indexOf),
    method("string_index_of_string_int", [STRING, STRING, INT], INT, indexOf),
  ],
  lastIndexOf: [
    method("string_last_index_of_string", [STRING, STRING], INT, lastIndexOf),
    method("string_last_index_of_string_int", [STRING, STRING, INT], INT, lastIndexOf),
  ],
  lowerAscii: [method("string_lower_ascii", [STRING], STRING, lowerAscii)],
  upperAscii: [method("string_upper_ascii", [STRING], STRING, upperAscii)],
  replace: [
    method("string_replace_string_string", [STRING, STRING, STRING], STRING, replace),
    method("string_replace_string_string_int", [STRING, STRING, STRING, INT], STRING, replace),
  ],
  split: [
    method("string_split_string", [STRING, STRING], listOf(STRING), split),
    method("string_split_string_int", [STRING, STRING, INT], listOf(STRING), split),
  ],
  substring: [
    method("string_substring_int", [STRING, INT], STRING, substring),
    method("string_substring_int_int", [STRING, INT, INT], STRING, substring),
  ],
  trim: [method("string_trim", [STRING], STRING, trim)],
  join: [method("list_join", [listOf(STRING)], STRING, join), method("list_join_string", [listOf(STRING), STRING], STRING, join)],
  format: [method("string_format", [STRING, LIST], STRING, format)],
  "strings.quote": [global("strings_quote", [STRING], STRING, quote)],
};
