import type { Call, Comprehension, Expr, ListExpr, MapExpr, Select, StructExpr } from "./ast.ts";
import type { CostMeter } from "./cost.ts";
import { candidates, type Environment } from "./environment.ts";
import { CelError, noSuchOverload } from "./errors.ts";
import { dispatch, type Overload } from "./function.ts";
import { dottedName } from "./parser.ts";
import { type CelType, objectType } from "./types.ts";
import { CelMap, CelOptional, CelTypeValue, type CelValue, EntryMap, isList } from "./values.ts";

/** What changes from one evaluation to the next. */
interface Frame {
  readonly variable: (name: string) => CelValue | undefined;
  readonly locals: Local[];
}

/** An accumulator may hold the error that it met. */
type Local = CelValue | CelError;

type Step = (frame: Frame) => CelValue;

/** Names bound by macros and where they lie; an accumulator that only grows is appended to in place. */
interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly grows: boolean;
  /** May hold an error, which comes up when it is read. */
  readonly fails: boolean;
  readonly outer: Scope | undefined;
}

/**
 * An expression made ready: give it the variables, get its value. Throws CelError; with a meter, which is made anew for each
 * run, also CelBudgetError.
 */
export type Program = (variable: (name: string) => CelValue | undefined, meter?: CostMeter) => CelValue;

/** Turns a tree into closures. Functions are chosen when they are called, by the types of the values,
 * but for those that the checker has `chosen`. */
export function plan(env: Environment, expr: Expr, chosen?: ReadonlyMap<Expr, readonly Overload[]>): Program {
  const step = new Planner(env, chosen).step(expr, undefined);
  return (variable) => step({ variable, locals: [] });
}

function lookup(scope: Scope | undefined, name: string): Scope | undefined {
  for (let s = scope; s; s = s.outer) if (s.name === name) return s;
  return undefined;
}

function truth(value: CelValue): boolean {
  if (typeof value !== "boolean") throw noSuchOverload();
  return value;
}

class Planner {
  readonly #env: Environment;
  readonly #chosen: ReadonlyMap<Expr, readonly Overload[]> | undefined;
  constructor(env: Environment, chosen: ReadonlyMap<Expr, readonly Overload[]> | undefined) {
    this.#env = env;
    this.#chosen = chosen;
  }

  step(expr: Expr, scope: Scope | undefined): Step {
    switch (expr.kind) {
      case "literal": {
        const value = expr.value;
        return () => value;
      }
      case "ident":
        return this.#name(expr.name, scope);
      case "select":
        return this.#select(expr, scope);
      case "call":
        return this.#call(expr, scope);
      case "list":
        return this.#list(expr, scope);
      case "map":
        return this.#map(expr, scope);
      case "struct":
        return this.#struct(expr, scope);
      case "comprehension":
        return this.#comprehension(expr, scope);
      default:
        return expr satisfies never;
    }
  }

  #name(name: string, scope: Scope | undefined): Step {
    const local = lookup(scope, name);
    if (local) {
      const slot = local.slot;
      if (!local.fails) return (frame) => frame.locals[slot] as CelValue;
      return (frame) => {
        const value = frame.locals[slot] as Local;
        if (value instanceof CelError) throw value;
        return value;
      };
    }
    return this.#global(name, () => {
      throw new CelError(`undeclared reference to '${name}' (in container '${this.#env.container}')`);
    });
  }

  /** A variable by any of the names it may have, else a type, else what `otherwise` gives. */
  #global(name: string, otherwise: Step): Step {
    const names = candidates(this.#env.container, name);
    const type = names.map((n) => this.#env.types.get(n) ?? (this.#env.objects.has(n) ? objectType(n) : undefined)).find((t) => t);
    const typeValue = type && new CelTypeValue(type);
    return (frame) => {
      for (const candidate of names) {
        const value = frame.variable(candidate);
        if (value !== undefined) return value;
      }
      return typeValue ?? otherwise(frame);
    };
  }

  #select(expr: Select, scope: Scope | undefined): Step {
    const operand = this.step(expr.operand, scope);
    const field = expr.field;
    if (expr.test) return (frame) => hasField(operand(frame), field);
    const select: Step = (frame) => selectField(operand(frame), field);
    const name = dottedName(expr);
    if (name === undefined || lookup(scope, name.split(".", 1)[0] as string)) return select;
    // `a.b` may be a variable of that name: the longest name wins over fields of a shorter one.
    return this.#global(name, select);
  }

  #call(expr: Call, scope: Scope | undefined): Step {
    const [first, second, third] = expr.args;
    switch (expr.name) {
      case "_&&_":
        return logical(this.step(first as Expr, scope), this.step(second as Expr, scope), false);
      case "_||_":
        return logical(this.step(first as Expr, scope), this.step(second as Expr, scope), true);
      case "_?_:_":
        return conditional(this.step(first as Expr, scope), this.step(second as Expr, scope), this.step(third as Expr, scope));
      case "@not_strictly_false":
        return notStrictlyFalse(this.step(first as Expr, scope));
      case "_+_":
      case "cel.@mapInsert": {
        const grown = this.#growth(expr, scope);
        if (grown) return grown;
        break;
      }
      default:
        break;
    }
    return this.#function(expr, scope);
  }

  #function(expr: Call, scope: Scope | undefined): Step {
    const args = expr.args.map((arg) => this.step(arg, scope));
    const chosen = this.#chosen?.get(expr);
    const only = chosen?.length === 1 && chosen[0]?.id.startsWith("optional_or") === false ? chosen : undefined;
    if (only) return invoke(only, only[0]?.member && expr.target ? [this.step(expr.target, scope), ...args] : args);
    if (expr.target) {
      const namespace = dottedName(expr.target);
      const qualified = namespace !== undefined && !lookup(scope, namespace.split(".", 1)[0] as string);
      const overloads = qualified ? this.#overloads(`${namespace}.${expr.name}`, false) : undefined;
      if (overloads) return invoke(overloads, args);
      const target = this.step(expr.target, scope);
      if (expr.args.length === 1 && (expr.name === "or" || expr.name === "orValue")) {
        return orElse(target, args[0] as Step, expr.name === "or");
      }
      return invoke(this.#overloads(expr.name, true) ?? [], [target, ...args]);
    }
    return invoke(this.#overloads(expr.name, false) ?? [], args);
  }

  #overloads(name: string, member: boolean): readonly Overload[] | undefined {
    for (const candidate of member ? [name] : candidates(this.#env.container, name)) {
      const found = this.#env.functions.get(candidate)?.filter((o) => o.member === member);
      if (found && found.length > 0) return found;
    }
    return undefined;
  }

  /** Adding to an accumulator that nobody else can see happens in place: folds stay linear. */
  #growth(expr: Call, scope: Scope | undefined): Step | undefined {
    const [accu, added, value] = expr.args as [Expr, Expr, Expr | undefined];
    const local = accu.kind === "ident" ? lookup(scope, accu.name) : undefined;
    if (!local?.grows) return undefined;
    const slot = local.slot;
    if (expr.name === "_+_") {
      if (added.kind !== "list") return undefined;
      const element = this.step((added.elements[0] as { value: Expr }).value, scope);
      return (frame) => {
        const list = frame.locals[slot] as CelValue[];
        list.push(element(frame));
        return list;
      };
    }
    const key = this.step(added, scope);
    const entry = value && this.step(value, scope);
    return (frame) => {
      const map = frame.locals[slot] as EntryMap;
      const given = key(frame);
      if (entry) return map.insert(given, entry(frame));
      if (!(given instanceof CelMap)) throw noSuchOverload();
      for (const k of given.keys()) map.insert(k, given.get(k) as CelValue);
      return map;
    };
  }

  #list(expr: ListExpr, scope: Scope | undefined): Step {
    const elements = expr.elements.map((e) => ({ step: this.step(e.value, scope), optional: e.optional }));
    return (frame) => {
      const list: CelValue[] = [];
      for (const { step, optional } of elements) {
        const value = optional ? optionalValue(step(frame)) : step(frame);
        if (value !== undefined) list.push(value);
      }
      return list;
    };
  }

  #map(expr: MapExpr, scope: Scope | undefined): Step {
    const entries = expr.entries.map((e) => ({ key: this.step(e.key, scope), value: this.step(e.value, scope), optional: e.optional }));
    return (frame) => {
      const map = new EntryMap();
      for (const entry of entries) {
        const key = entry.key(frame);
        const value = entry.optional ? optionalValue(entry.value(frame)) : entry.value(frame);
        if (value !== undefined) map.insert(key, value);
      }
      return map;
    };
  }

  #struct(expr: StructExpr, scope: Scope | undefined): Step {
    const name = candidates(this.#env.container, expr.typeName).find((n) => this.#env.objects.has(n));
    const declared = name === undefined ? undefined : this.#env.objects.get(name);
    if (name === undefined || !declared) {
      throw new CelError(`undeclared reference to '${expr.typeName}' (in container '${this.#env.container}')`);
    }
    const type = objectType(name);
    const fields = expr.fields.map((f) => ({ ...f, step: this.step(f.value, scope) }));
    const unknown = fields.find((f) => !declared.has(f.name));
    if (unknown) throw new CelError(`undefined field '${unknown.name}'`);
    return (frame) => {
      const object = new StructValue(type);
      for (const f of fields) {
        const value = f.optional ? optionalValue(f.step(frame)) : f.step(frame);
        if (value !== undefined) object.insert(f.name, value);
      }
      return object;
    };
  }

  #comprehension(expr: Comprehension, scope: Scope | undefined): Step {
    const depth = scope ? scope.slot + 1 : 0;
    const accuSlot = depth;
    const range = this.step(expr.range, scope);
    const init = this.step(expr.init, scope);
    // `all` and `exists` go on after an error: a later element may decide. Elsewhere an error ends the fold.
    const fails = expr.condition.kind === "call" && expr.condition.name === "@not_strictly_false";
    const builds =
      (expr.init.kind === "list" && expr.init.elements.length === 0) || (expr.init.kind === "map" && expr.init.entries.length === 0);
    const accu: Scope = { name: expr.accuVar, slot: accuSlot, grows: builds && expr.accuVar === "@result", fails, outer: scope };
    const first: Scope = { name: expr.iterVar, slot: depth + 1, grows: false, fails: false, outer: accu };
    const inner = expr.iterVar2 === undefined ? first : { name: expr.iterVar2, slot: depth + 2, grows: false, fails: false, outer: first };
    const condition = this.step(expr.condition, inner);
    const step = this.step(expr.step, inner);
    const result = this.step(expr.result, accu);
    const two = expr.iterVar2 !== undefined;
    return (frame) => {
      const over = range(frame);
      frame.locals[accuSlot] = init(frame);
      for (const [key, value] of iterate(over, two)) {
        if (condition(frame) !== true) break;
        frame.locals[depth + 1] = key;
        if (two) frame.locals[depth + 2] = value;
        frame.locals[accuSlot] = fails ? attempt(step, frame) : step(frame);
      }
      return result(frame);
    };
  }
}

/** A value or the error in its place. */
function attempt(step: Step, frame: Frame): Local {
  try {
    return step(frame);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}

/** `||` where `decisive` is true, `&&` where it is false: one decisive side is enough, whatever the other side does. */
function logical(left: Step, right: Step, decisive: boolean): Step {
  return (frame) => {
    const a = attempt(left, frame);
    if (a === decisive) return decisive;
    const b = attempt(right, frame);
    if (b === decisive) return decisive;
    if (a instanceof CelError) throw a;
    if (b instanceof CelError) throw b;
    truth(a);
    truth(b);
    return !decisive;
  };
}

function conditional(condition: Step, yes: Step, no: Step): Step {
  return (frame) => (truth(condition(frame)) ? yes(frame) : no(frame));
}

function notStrictlyFalse(step: Step): Step {
  return (frame) => attempt(step, frame) !== false;
}

/** The alternative is evaluated only where it is needed. */
function orElse(target: Step, alternative: Step, keepOptional: boolean): Step {
  return (frame) => {
    const optional = target(frame);
    if (!(optional instanceof CelOptional)) throw noSuchOverload();
    if (optional.value !== undefined) return keepOptional ? optional : optional.value;
    return alternative(frame);
  };
}

function invoke(overloads: readonly Overload[], args: readonly Step[]): Step {
  return (frame) =>
    dispatch(
      overloads,
      args.map((arg) => arg(frame)),
    );
}

function selectField(operand: CelValue, field: string): CelValue {
  if (operand instanceof CelMap) {
    const value = operand.get(field);
    if (value === undefined) throw new CelError(`no such key: ${field}`);
    return value;
  }
  if (operand instanceof CelOptional) {
    if (operand.value === undefined) return operand;
    if (operand.value instanceof CelMap) return new CelOptional(operand.value.get(field));
  }
  throw noSuchOverload();
}

function hasField(operand: CelValue, field: string): boolean {
  const value = operand instanceof CelOptional ? operand.value : operand;
  if (value === undefined) return false;
  if (!(value instanceof CelMap)) throw noSuchOverload();
  return value.has(field);
}

function optionalValue(value: CelValue): CelValue | undefined {
  if (!(value instanceof CelOptional)) throw noSuchOverload();
  return value.value;
}

/** One variable sees elements or keys; two see index and element, or key and value. */
function* iterate(over: CelValue, two: boolean): Iterable<readonly [CelValue, CelValue]> {
  if (isList(over)) {
    for (const [i, value] of over.entries()) yield two ? [BigInt(i), value] : [value, null];
  } else if (over instanceof CelMap) {
    for (const key of over.keys()) yield two ? [key, over.get(key) as CelValue] : [key, null];
  } else throw noSuchOverload();
}

class StructValue extends EntryMap {
  readonly #type: CelType;
  constructor(type: CelType) {
    super();
    this.#type = type;
  }
  override get type(): CelType {
    return this.#type;
  }
}
