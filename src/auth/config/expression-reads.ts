/** Whether an expression reads one field of one variable, however it writes that. */
import { children, type Expr } from "../../lang/cel/ast.ts";

/** `variable.field`, `variable.?field`, anywhere in the tree. */
export function readsField(expr: Expr, variable: string, field: string): boolean {
  return anyNode(expr, (node) => {
    if (node.kind === "select") return isVariable(node.operand, variable) && node.field === field;
    return optionalField(node, variable) === field;
  });
}

/** The fields of any operand that are selected, plainly or optionally. */
export function selectedFields(expr: Expr): Set<string> {
  const found = new Set<string>();
  anyNode(expr, (node) => {
    if (node.kind === "select") found.add(node.field);
    const optional = optionalField(node, undefined);
    if (optional !== undefined) found.add(optional);
    return false;
  });
  return found;
}

function isVariable(expr: Expr, name: string): boolean {
  return expr.kind === "ident" && expr.name === name;
}

/** The field of `operand.?field`; `variable`: what the operand must be, anything when undefined. */
function optionalField(node: Expr, variable: string | undefined): string | undefined {
  if (node.kind !== "call" || node.name !== "_?._" || node.args.length !== 2) return undefined;
  const [operand, field] = node.args as [Expr, Expr];
  if (variable !== undefined && !isVariable(operand, variable)) return undefined;
  return field.kind === "literal" && typeof field.value === "string" ? field.value : undefined;
}

function anyNode(expr: Expr, fits: (node: Expr) => boolean): boolean {
  const stack: Expr[] = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (fits(node)) return true;
    stack.push(...children(node));
  }
  return false;
}
