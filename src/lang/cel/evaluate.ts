import type { Call, Comprehension, Expr, Ident, ListExpr, MapExpr, Select, StructExpr } from "./ast.ts";
import { conditionalAttribute, plainAttribute, plannedAttribute } from "./attributes.ts";
import { type Invocation, planInvocation } from "./calls.ts";
import { CostMeter } from "./cost.ts";
import { candidates, type Environment } from "./environment.ts";
import { CelError, noSuchOverload } from "./errors.ts";
import { type Fold, planFold } from "./folds.ts";
import type { Overload } from "./function.ts";
import { dottedName } from "./parser.ts";
import { type Attribute, attempt, lookup, type Planned, type Scope, type Step } from "./planned.ts";
import { type CelType, objectType } from "./types.ts";
import { CelMap, CelOptional, CelTypeValue, type CelValue, EntryMap } from "./values.ts";

/**
 * An expression made ready: give it the variables, get its value. Throws CelError; with a meter, which is made anew for each
 * run, also CelBudgetError.
 */
export type Program = (variable: (name: string) => CelValue | undefined, meter?: CostMeter) => CelValue;

/** What the checker found, where there was one. */
export interface Checks {
  /** The signatures that each call may turn out to be. */
  readonly overloads: ReadonlyMap<Expr, readonly Overload[]>;
  readonly types: ReadonlyMap<Expr, CelType>;
}

/**
 * Turns a tree into closures. Functions are chosen when they are called, by the types of the values, but for those that the
 * checker found. Constants are computed here: throws CelError where that fails.
 */
export function plan(env: Environment, expr: Expr, checks?: Checks): Program {
  const { run } = new Planner(env, checks).plan(expr, undefined);
  return (variable, meter) => run({ variable, locals: [], meter: meter ?? new CostMeter(Number.POSITIVE_INFINITY) });
}

/** Cost of making a list, a map, an object. */
const LIST_COST = 10;
const MAP_COST = 30;
const OBJECT_COST = 40;

const constant = (value: CelValue): Planned => ({ run: () => value, constant: value });

/** Conversions of constants are done while planning. */
const CONVERSIONS = new Set("bool bytes double duration dyn int string timestamp type uint".split(" "));

class Planner {
  readonly #env: Environment;
  readonly #checks: Checks | undefined;
  constructor(env: Environment, checks: Checks | undefined) {
    this.#env = env;
    this.#checks = checks;
  }

  plan(expr: Expr, scope: Scope | undefined): Planned {
    switch (expr.kind) {
      case "literal":
        return constant(expr.value);
      case "ident":
        return this.#ident(expr, scope);
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

  #step(expr: Expr, scope: Scope | undefined): Step {
    return this.plan(expr, scope).run;
  }

  #ident(expr: Ident, scope: Scope | undefined): Planned {
    const local = lookup(scope, expr.name);
    if (local) return plannedAttribute(plainAttribute(readLocal(local)));
    return this.#global(expr.name) ?? plannedAttribute(plainAttribute(this.#undeclared(expr.name)));
  }

  #undeclared(name: string): Step {
    return () => {
      throw new CelError(`no such attribute(s): ${candidates(this.#env.container, name).join(", ")}`);
    };
  }

  /** A variable or type that is declared under this name; unchecked expressions may name what nobody declared. */
  #global(name: string, otherwise?: Step): Planned | undefined {
    const names = candidates(this.#env.container, name);
    for (const candidate of names) {
      if (this.#env.variables.has(candidate)) return plannedAttribute(plainAttribute(this.#variable([candidate])));
      const type = this.#env.types.get(candidate) ?? (this.#env.objects.has(candidate) ? objectType(candidate) : undefined);
      if (type) {
        const value = new CelTypeValue(type);
        return this.#checks ? constant(value) : plannedAttribute(plainAttribute(this.#variable(names, () => value)));
      }
    }
    return this.#checks ? undefined : plannedAttribute(plainAttribute(this.#variable(names, otherwise)));
  }

  #variable(names: readonly string[], otherwise?: Step): Step {
    const [only] = names as [string];
    const missing = otherwise ?? this.#undeclared(only);
    if (names.length === 1) {
      return (frame) => {
        const value = frame.variable(only);
        return value === undefined ? missing(frame) : value;
      };
    }
    return (frame) => {
      for (const name of names) {
        const value = frame.variable(name);
        if (value !== undefined) return value;
      }
      return missing(frame);
    };
  }

  #select(expr: Select, scope: Scope | undefined): Planned {
    const name = expr.test ? undefined : dottedName(expr);
    const free = name !== undefined && !lookup(scope, name.split(".", 1)[0] as string);
    // `a.b` may be a variable of that name: the longest name wins over fields of a shorter one.
    if (this.#checks && free) {
      const variable = this.#global(name);
      if (variable) return variable;
    }
    const key = expr.field;
    const attribute = this.#attributeOf(expr.operand, scope).with({ key: () => key, optional: false, test: expr.test });
    if (!this.#checks && free) {
      const variable = this.#global(name, attribute.resolve);
      if (variable) return variable;
    }
    return plannedAttribute(attribute, expr.test);
  }

  /** What is no attribute by itself is the root of one. */
  #attributeOf(expr: Expr, scope: Scope | undefined): Attribute {
    return attributeOf(this.plan(expr, scope));
  }

  #call(expr: Call, scope: Scope | undefined): Planned {
    const [first, second, third] = expr.args as [Expr, Expr, Expr];
    switch (expr.name) {
      case "_&&_":
        return { run: logical(this.#step(first, scope), this.#step(second, scope), false) };
      case "_||_":
        return { run: logical(this.#step(first, scope), this.#step(second, scope), true) };
      case "_?_:_": {
        const [yes, no] = [second, third].map((branch) => this.#attributeOf(branch, scope)) as [Attribute, Attribute];
        return plannedAttribute(conditionalAttribute(this.#step(first, scope), yes, no));
      }
      case "_[_]":
      case "_[?_]":
      case "_?._":
        return this.#index(expr, scope);
      case "_+_":
      case "cel.@mapInsert": {
        const grown = this.#growth(expr, scope);
        if (grown) return { run: grown };
        break;
      }
      default:
        break;
    }
    return this.#function(expr, scope);
  }

  #index(expr: Call, scope: Scope | undefined): Planned {
    const [operand, index] = expr.args as [Expr, Expr];
    const { run, attribute } = this.plan(index, scope);
    const qualifier = { key: attribute?.resolve ?? run, optional: expr.name !== "_[_]", test: false };
    return plannedAttribute(this.#attributeOf(operand, scope).with(qualifier));
  }

  #function(expr: Call, scope: Scope | undefined): Planned {
    const { name, overloads, target } = this.#resolve(expr, scope);
    const nodes = target ? [target, ...expr.args] : expr.args;
    const args = nodes.map((arg) => this.plan(arg, scope));
    const id = this.#checks && overloads.length === 1 ? (overloads[0]?.id ?? "") : "";
    if (target && args.length === 2 && (name === "or" || name === "orValue")) {
      return { run: orElse((args[0] as Planned).run, (args[1] as Planned).run, name === "or") };
    }
    const types = this.#checks?.types;
    const invocation: Invocation = { name, id, overloads, args, types: nodes.map((node) => types?.get(node)) };
    const planned = planInvocation(invocation);
    if (args.length === 1 && args[0]?.constant !== undefined && CONVERSIONS.has(name)) return constant(evaluateAlone(planned.run));
    return planned;
  }

  /** The function that is meant; without a target where the target is its namespace. */
  #resolve(expr: Call, scope: Scope | undefined): { name: string; overloads: readonly Overload[]; target: Expr | undefined } {
    const namespace = expr.target && dottedName(expr.target);
    if (namespace !== undefined && !lookup(scope, namespace.split(".", 1)[0] as string)) {
      const name = `${namespace}.${expr.name}`;
      const overloads = this.#overloads(name, false);
      if (overloads) return { name, overloads: this.#found(expr) ?? overloads, target: undefined };
    }
    const overloads = this.#found(expr) ?? this.#overloads(expr.name, expr.target !== undefined) ?? [];
    return { name: expr.name, overloads, target: expr.target };
  }

  #found(expr: Call): readonly Overload[] | undefined {
    const found = this.#checks?.overloads.get(expr);
    return found && found.length > 0 ? found : undefined;
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
      const element = this.plan((added.elements[0] as { value: Expr }).value, scope);
      // The accumulator, the list of one unless it is a constant, and the call.
      const cost = element.constant === undefined ? 2 + LIST_COST : 2;
      return (frame) => {
        const list = frame.locals[slot] as CelValue[];
        const next = element.run(frame);
        frame.meter.add(cost);
        list.push(next);
        return list;
      };
    }
    const key = this.#step(added, scope);
    const entry = value && this.#step(value, scope);
    return (frame) => {
      const map = frame.locals[slot] as EntryMap;
      const given = key(frame);
      const added = entry?.(frame);
      frame.meter.add(2);
      if (added !== undefined) return map.insert(given, added);
      if (!(given instanceof CelMap)) throw noSuchOverload();
      for (const k of given.keys()) map.insert(k, given.get(k) as CelValue);
      return map;
    };
  }

  #list(expr: ListExpr, scope: Scope | undefined): Planned {
    const elements = expr.elements.map((e) => ({ ...this.plan(e.value, scope), optional: e.optional }));
    const build: Step = (frame) => {
      const list: CelValue[] = [];
      for (const { run, optional } of elements) {
        const value = optional ? optionalValue(run(frame), "list element") : run(frame);
        if (value !== undefined) list.push(value);
      }
      return list;
    };
    return elements.every((e) => e.constant !== undefined) ? constant(evaluateAlone(build)) : charged(build, LIST_COST);
  }

  #map(expr: MapExpr, scope: Scope | undefined): Planned {
    const entries = expr.entries.map((e) => ({ key: this.plan(e.key, scope), value: this.plan(e.value, scope), optional: e.optional }));
    const build: Step = (frame) => {
      const map = new EntryMap();
      for (const entry of entries) {
        const key = entry.key.run(frame);
        const value = entry.optional ? optionalValue(entry.value.run(frame), `entry '${String(key)}'`) : entry.value.run(frame);
        if (value !== undefined) map.put(key, value);
      }
      return map;
    };
    const known = entries.every((e) => e.key.constant !== undefined && e.value.constant !== undefined);
    return known ? constant(evaluateAlone(build)) : charged(build, MAP_COST);
  }

  #struct(expr: StructExpr, scope: Scope | undefined): Planned {
    const name = candidates(this.#env.container, expr.typeName).find((n) => this.#env.objects.has(n));
    const declared = name === undefined ? undefined : this.#env.objects.get(name);
    if (name === undefined || !declared) throw new CelError(`unknown type: ${expr.typeName}`);
    const type = objectType(name);
    const fields = expr.fields.map((f) => ({ ...f, step: this.#step(f.value, scope) }));
    const unknown = fields.find((f) => !declared.has(f.name));
    if (unknown) throw new CelError(`undefined field '${unknown.name}'`);
    const build: Step = (frame) => {
      const object = new StructValue(type);
      for (const f of fields) {
        const value = f.optional ? optionalValue(f.step(frame), `entry '${f.name}'`) : f.step(frame);
        if (value !== undefined) object.insert(f.name, value);
      }
      return object;
    };
    return charged(build, OBJECT_COST);
  }

  #comprehension(expr: Comprehension, scope: Scope | undefined): Planned {
    const fold: Fold = { expr, scope, range: this.#step(expr.range, scope), init: this.#step(expr.init, scope) };
    return { run: planFold(fold, (part, inner) => this.#step(part, inner)) };
  }
}

function attributeOf(planned: Planned): Attribute {
  return planned.attribute ?? plainAttribute(planned.run);
}

function charged(build: Step, cost: number): Planned {
  return {
    run: (frame) => {
      const value = build(frame);
      frame.meter.add(cost);
      return value;
    },
  };
}

/** The value of a step that needs no variables. */
function evaluateAlone(step: Step): CelValue {
  return step({ variable: () => undefined, locals: [], meter: new CostMeter(Number.POSITIVE_INFINITY) });
}

function readLocal({ slot, fails, lazy }: Scope): Step {
  if (lazy) {
    return (frame) => {
      let value = frame.locals[slot] as CelValue | undefined;
      if (value === undefined) {
        value = lazy(frame);
        frame.locals[slot] = value;
      }
      return value;
    };
  }
  if (!fails) return (frame) => frame.locals[slot] as CelValue;
  return (frame) => {
    const value = frame.locals[slot];
    if (value instanceof CelError) throw value;
    return value as CelValue;
  };
}

/** `||` where `decisive` is true, `&&` where it is false: one decisive side is enough, whatever the other side does. */
function logical(left: Step, right: Step, decisive: boolean): Step {
  return (frame) => {
    const a = attempt(left, frame);
    if (a === decisive) return decisive;
    const b = attempt(right, frame);
    if (b === decisive) return decisive;
    if (a instanceof CelError) throw a;
    if (typeof a !== "boolean") throw noSuchOverload();
    if (b instanceof CelError) throw b;
    if (typeof b !== "boolean") throw noSuchOverload();
    return !decisive;
  };
}

/** The alternative is evaluated only where it is needed. */
function orElse(target: Step, alternative: Step, keepOptional: boolean): Step {
  return (frame) => {
    const optional = target(frame);
    if (!(optional instanceof CelOptional)) return optional;
    if (optional.value !== undefined) return keepOptional ? optional : optional.value;
    return alternative(frame);
  };
}

function optionalValue(value: CelValue, what: string): CelValue | undefined {
  if (value instanceof CelOptional) return value.value;
  throw new CelError(`cannot initialize optional ${what} from non-optional value ${String(value)}`);
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
