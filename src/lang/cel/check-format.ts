/** Templates of `format` that are literals, looked at beside a literal list of arguments before evaluation. */
import type { Call, Expr } from "./ast.ts";
import { CelError, type Problem } from "./errors.ts";
import { type Clause, misfit, readTemplate, type Verb } from "./functions/format.ts";
import { type CelType, DYN } from "./types.ts";

const TEXT = new Set<CelType["kind"]>(
  "list map int uint double bool string timestamp bytes duration type null dyn".split(" ") as CelType["kind"][],
);
const TAKES: Readonly<Record<Verb, ReadonlySet<CelType["kind"]>>> = {
  s: TEXT,
  d: new Set<CelType["kind"]>(["int", "uint", "dyn"]),
  f: new Set<CelType["kind"]>(["double", "string", "dyn"]),
  e: new Set<CelType["kind"]>(["double", "string", "dyn"]),
  b: new Set<CelType["kind"]>(["int", "uint", "bool", "dyn"]),
  x: new Set<CelType["kind"]>(["int", "uint", "string", "bytes", "dyn"]),
  X: new Set<CelType["kind"]>(["int", "uint", "string", "bytes", "dyn"]),
  o: new Set<CelType["kind"]>(["int", "uint", "dyn"]),
};

/** At most one problem: the first. */
export function checkFormat(call: Call, types: ReadonlyMap<Expr, CelType>): Problem[] {
  const [list] = call.args;
  const template = call.target?.kind === "literal" ? call.target.value : undefined;
  if (call.name !== "format" || call.args.length !== 1 || list?.kind !== "list" || typeof template !== "string") return [];
  const args = list.elements.map((e) => e.value);
  let clauses: readonly Clause[];
  try {
    clauses = readTemplate(template, (index) => index < args.length).filter((part) => typeof part !== "string");
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [{ message: error.message, pos: call.pos }];
  }
  for (const [i, { verb }] of clauses.entries()) {
    const wrong = unfit(args[i] as Expr, verb, types);
    if (wrong) return [{ message: misfit(verb, (types.get(wrong) ?? DYN).name).message, pos: wrong.pos }];
  }
  if (args.length <= clauses.length) return [];
  const why = `too many arguments supplied to string.format (expected ${clauses.length}, got ${args.length})`;
  return [{ message: why, pos: call.pos }];
}

/** The part of the argument that the verb does not take. */
function unfit(expr: Expr, verb: Verb, types: ReadonlyMap<Expr, CelType>): Expr | undefined {
  if (!TAKES[verb].has((types.get(expr) ?? DYN).kind)) return expr;
  if (verb !== "s") return undefined;
  const parts =
    expr.kind === "list" ? expr.elements.map((e) => e.value) : expr.kind === "map" ? expr.entries.flatMap((e) => [e.key, e.value]) : [];
  for (const part of parts) {
    const wrong = unfit(part, verb, types);
    if (wrong) return wrong;
  }
  return undefined;
}
