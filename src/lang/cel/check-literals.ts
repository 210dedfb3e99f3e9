import { type Call, children, type Expr, type ListExpr, type MapExpr } from "./ast.ts";
import { checkFormat } from "./check-format.ts";
import { CelError, type Problem } from "./errors.ts";
import { regex } from "./functions/text.ts";
import { isDynamic, sameType } from "./substitution.ts";
import { parseDuration, parseTimestamp } from "./time.ts";
import { type CelType, DYN, formatType } from "./types.ts";

/**
 * What can be said of literals before evaluation, once the types are right: patterns, durations and timestamps that cannot be
 * read, and lists and maps of mixed types. The arguments of `format` may be mixed.
 */
export function checkLiterals(expr: Expr, types: ReadonlyMap<Expr, CelType>): Problem[] {
  const problems: Problem[] = [];
  const visit = (node: Expr, mixed: boolean): void => {
    const formats = node.kind === "call" && node.name === "format";
    if (node.kind === "call") checkArgument(node, problems);
    if (node.kind === "call" && formats) problems.push(...checkFormat(node, types));
    if (!mixed && (node.kind === "list" || node.kind === "map")) checkElements(node, types, problems);
    for (const part of children(node)) visit(part, mixed || formats);
  };
  visit(expr, false);
  return problems.toSorted((a, b) => a.pos - b.pos);
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = { duration: parseDuration, timestamp: parseTimestamp, matches: regex };

function checkArgument(call: Call, problems: Problem[]): void {
  const read = Object.hasOwn(READERS, call.name) ? READERS[call.name] : undefined;
  const literal = call.args.at(-1);
  if (!read || literal?.kind !== "literal" || typeof literal.value !== "string") return;
  try {
    read(literal.value);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    problems.push({ message: `invalid ${call.name} argument`, pos: literal.pos });
  }
}

function checkElements(node: ListExpr | MapExpr, types: ReadonlyMap<Expr, CelType>, problems: Problem[]): void {
  const typeOf = (expr: Expr, optional: boolean): CelType => {
    const type = types.get(expr) ?? DYN;
    return optional && type.kind === "optional" ? (type.params[0] as CelType) : type;
  };
  const columns =
    node.kind === "list"
      ? [node.elements.map((e) => ({ pos: e.value.pos, type: typeOf(e.value, e.optional) }))]
      : [
          node.entries.map((e) => ({ pos: e.key.pos, type: typeOf(e.key, false) })),
          node.entries.map((e) => ({ pos: e.value.pos, type: typeOf(e.value, e.optional) })),
        ];
  for (const column of columns) {
    const known = column.filter((e) => !isDynamic(e.type));
    const first = known[0];
    const other = first && known.find((e) => !sameType(e.type, first.type));
    if (other)
      problems.push({ message: `expected type '${formatType(first.type)}' but found '${formatType(other.type)}'`, pos: other.pos });
  }
}
