import { RE2JS } from "re2js";
import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { BOOL, INT, listOf, STRING } from "../types.ts";

const compiled = new Map<string, RE2JS>();
const KEPT_PATTERNS = 500;

/** A pattern of RE2's syntax, remembered. Throws CelError where it cannot be read. */
export function regex(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known) return known;
  let made: RE2JS;
  try {
    made = RE2JS.compile(pattern);
  } catch (error) {
    throw new CelError(error instanceof Error ? error.message : String(error));
  }
  if (compiled.size >= KEPT_PATTERNS) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

const matches = (text: string, pattern: string): boolean => regex(pattern).matcher(text).find();

/** The string functions of cel-spec's standard. */
export const TEXT_FUNCTIONS: FunctionTable = {
  contains: [method("contains_string", [STRING, STRING], BOOL, (a: string, b: string) => a.includes(b))],
  startsWith: [method("starts_with_string", [STRING, STRING], BOOL, (a: string, b: string) => a.startsWith(b))],
  endsWith: [method("ends_with_string", [STRING, STRING], BOOL, (a: string, b: string) => a.endsWith(b))],
  matches: [global("matches", [STRING, STRING], BOOL, matches), method("matches_string", [STRING, STRING], BOOL, matches)],
};

/** A pattern that is made while evaluating. */
function lateRegex(pattern: string): RE2JS {
  try {
    return regex(pattern);
  } catch (error) {
    if (error instanceof CelError) throw new CelError(`Illegal regex: ${error.message}`);
    throw error;
  }
}

function find(text: string, pattern: string): string {
  const matcher = lateRegex(pattern).matcher(text);
  return matcher.find() ? (matcher.group() ?? "") : "";
}

function findAll(text: string, pattern: string, limit = -1n): readonly string[] {
  const matcher = lateRegex(pattern).matcher(text);
  const found: string[] = [];
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}

/** Kubernetes' regex library. */
export const REGEX_FUNCTIONS: FunctionTable = {
  find: [method("string_find_string", [STRING, STRING], STRING, find)],
  findAll: [
    method("string_find_all_string", [STRING, STRING], listOf(STRING), findAll),
    method("string_find_all_string_int", [STRING, STRING, INT], listOf(STRING), findAll),
  ],
};
