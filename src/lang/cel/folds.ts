/** What macros over lists and maps expand to, made ready. */
import type { Comprehension, Expr } from "./ast.ts";
import { CelError, noSuchOverload } from "./errors.ts";
import { attempt, type Frame, type Local, type Scope, type Step } from "./planned.ts";
import { CelMap, type CelValue, EntryMap, isList } from "./values.ts";

export interface Fold {
  readonly expr: Comprehension;
  readonly scope: Scope | undefined;
  readonly range: Step;
  readonly init: Step;
}

type PlanPart = (part: Expr, scope: Scope | undefined) => Step;

/** Calls `visit` for each element until it gives false. One variable sees elements or keys; two see index or key, and value. */
function iterate(over: CelValue, two: boolean, visit: (first: CelValue, second: CelValue) => boolean): void {
  if (isList(over)) {
    for (let i = 0; i < over.length; i++) {
      const value = over[i] as CelValue;
      if (!(two ? visit(BigInt(i), value) : visit(value, null))) return;
    }
  } else if (over instanceof CelMap) {
    for (const key of over.keys()) if (!visit(key, two ? (over.get(key) as CelValue) : null)) return;
  } else throw noSuchOverload();
}

export function planFold(fold: Fold, planPart: PlanPart): Step {
  const { expr, scope } = fold;
  const slot = nextSlot(scope);
  if (isBinding(expr)) {
    const bound: Scope = { name: expr.accuVar, slot, grows: false, fails: false, lazy: fold.init, outer: scope };
    const result = planPart(expr.result, bound);
    return (frame) => {
      frame.locals[slot] = undefined;
      return result(frame);
    };
  }
  const test = quantifier(expr);
  const fails = test !== undefined;
  const empty =
    (expr.init.kind === "list" && expr.init.elements.length === 0) || (expr.init.kind === "map" && expr.init.entries.length === 0);
  const grows = empty && expr.accuVar === "@result";
  const accu: Scope = { name: expr.accuVar, slot, grows, fails, lazy: undefined, outer: scope };
  const inner = variables(expr, accu);
  if (test !== undefined) return planQuantifier(fold, slot, test.decisive, planPart(test.predicate, inner));
  const init: Step = !grows ? fold.init : expr.init.kind === "list" ? () => [] : () => new EntryMap();
  const steps = { condition: conditionOf(expr, inner, planPart), step: planPart(expr.step, inner), result: planPart(expr.result, accu) };
  const two = expr.iterVar2 !== undefined;
  return (frame) => {
    const over = fold.range(frame);
    frame.locals[slot] = init(frame);
    iterate(over, two, (first, second) => {
      bind(frame, slot, two, first, second);
      if (steps.condition !== undefined && steps.condition(frame) !== true) return false;
      frame.locals[slot] = steps.step(frame);
      return true;
    });
    return steps.result(frame);
  };
}

function nextSlot(scope: Scope | undefined): number {
  return scope ? scope.slot + 1 : 0;
}

function bind(frame: Frame, slot: number, two: boolean, first: CelValue, second: CelValue): void {
  frame.locals[slot + 1] = first;
  if (two) frame.locals[slot + 2] = second;
}

function variables(expr: Comprehension, accu: Scope): Scope {
  const plain = { grows: false, fails: false, lazy: undefined };
  const first: Scope = { ...plain, name: expr.iterVar, slot: accu.slot + 1, outer: accu };
  return expr.iterVar2 === undefined ? first : { ...plain, name: expr.iterVar2, slot: accu.slot + 2, outer: first };
}

/** Undefined where the fold never ends early. */
function conditionOf(expr: Comprehension, inner: Scope, planPart: PlanPart): Step | undefined {
  return expr.condition.kind === "literal" && expr.condition.value === true ? undefined : planPart(expr.condition, inner);
}

/** A name for a value: a fold over nothing. */
function isBinding(expr: Comprehension): boolean {
  return (
    expr.range.kind === "list" && expr.range.elements.length === 0 && expr.condition.kind === "literal" && expr.condition.value === false
  );
}

/** `all` and `exists`, told by the condition that only they have: which value of the predicate decides. */
function quantifier(expr: Comprehension): { decisive: boolean; predicate: Expr } | undefined {
  const { condition, step } = expr;
  if (condition.kind !== "call" || condition.name !== "@not_strictly_false" || step.kind !== "call") return undefined;
  const predicate = step.args[1];
  if (predicate === undefined || (step.name !== "_&&_" && step.name !== "_||_")) return undefined;
  return { decisive: step.name === "_||_", predicate };
}

/** Goes on after an error: a later element may decide. The costs are those of the expansion's own names and calls. */
function planQuantifier(fold: Fold, slot: number, decisive: boolean, predicate: Step): Step {
  const two = fold.expr.iterVar2 !== undefined;
  const conditionCost = decisive ? 3 : 2;
  return (frame) => {
    const over = fold.range(frame);
    let accu: Local = !decisive;
    iterate(over, two, (first, second) => {
      bind(frame, slot, two, first, second);
      frame.meter.add(conditionCost);
      if (accu === decisive) return false;
      frame.meter.add(1);
      const value = attempt(predicate, frame);
      if (value === decisive) accu = decisive;
      else if (!(accu instanceof CelError) && value !== !decisive) accu = value instanceof CelError ? value : noSuchOverload();
      return true;
    });
    frame.meter.add(1);
    if ((accu as Local) instanceof CelError) throw accu as unknown as CelError;
    return accu;
  };
}
