import type { Call, Comprehension, Expr, ListExpr, MapExpr, StructExpr } from "./ast.ts";
import { checkLiterals } from "./check-literals.ts";
import { candidates, type Environment } from "./environment.ts";
import type { Problem } from "./errors.ts";
import { isReservedWord } from "./field-names.ts";
import type { Overload } from "./function.ts";
import { dottedName } from "./parser.ts";
import { isDynamic, mostGeneral, Substitution, sameType } from "./substitution.ts";
import { BOOL, type CelType, DYN, ERROR, formatType, INT, listOf, mapOf, objectType, optionalOf, param, typeOf } from "./types.ts";
import { typeOfValue } from "./values.ts";

export interface Checked {
  /** The type of the whole; `*error*` where problems were found. */
  readonly type: CelType;
  readonly problems: readonly Problem[];
  /** The type of every node. */
  readonly types: ReadonlyMap<Expr, CelType>;
  /** The signatures that each call may turn out to be at run time. */
  readonly overloads: ReadonlyMap<Expr, readonly Overload[]>;
}

interface Scope {
  readonly name: string;
  readonly type: CelType;
  readonly outer: Scope | undefined;
}

/** Finds the type of every node by the declarations of the environment, and all that does not fit. */
export function check(env: Environment, expr: Expr): Checked {
  return new Checker(env).whole(expr);
}

class Checker {
  readonly #env: Environment;
  readonly #problems: Problem[] = [];
  readonly #types = new Map<Expr, CelType>();
  readonly #overloads = new Map<Expr, readonly Overload[]>();
  readonly #substitution = new Substitution();
  #fresh = 0;

  constructor(env: Environment) {
    this.#env = env;
  }

  whole(expr: Expr): Checked {
    this.#check(expr, undefined);
    const types = new Map([...this.#types].map(([node, type]) => [node, this.#substitution.apply(type, true)]));
    const found = this.#problems.toSorted((a, b) => a.pos - b.pos);
    const problems = found.length === 0 && this.#env.checkedLiterals ? checkLiterals(expr, types) : found;
    return { type: types.get(expr) as CelType, problems, types, overloads: this.#overloads };
  }

  #problem(pos: number, message: string): CelType {
    this.#problems.push({ message, pos });
    return ERROR;
  }

  #check(expr: Expr, scope: Scope | undefined): CelType {
    const type = this.#typeOf(expr, scope);
    this.#types.set(expr, type);
    return type;
  }

  #typeOf(expr: Expr, scope: Scope | undefined): CelType {
    switch (expr.kind) {
      case "literal":
        return typeOfValue(expr.value);
      case "ident":
        return this.#name(expr.name, scope) ?? this.#undeclared(expr.name, expr.pos);
      case "select": {
        const name = dottedName(expr);
        const variable = name === undefined || isLocal(scope, name) ? undefined : this.#name(name, scope);
        if (variable) return variable;
        const operand = this.#check(expr.operand, scope);
        return expr.test ? this.#presence(operand, expr.field, expr.pos) : this.#field(operand, expr.field, expr.pos);
      }
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

  #undeclared(name: string, pos: number): CelType {
    return this.#problem(pos, `undeclared reference to '${name.replace(/^\./u, "")}' (in container '${this.#env.container}')`);
  }

  #name(name: string, scope: Scope | undefined): CelType | undefined {
    for (let s = scope; s; s = s.outer) if (s.name === name) return s.type;
    for (const candidate of candidates(this.#env.container, name)) {
      const variable = this.#env.variables.get(candidate);
      if (variable) return variable;
      const named = this.#env.types.get(candidate);
      if (named) return typeOf(named);
      if (this.#env.objects.has(candidate)) return typeOf(objectType(candidate));
    }
    return undefined;
  }

  #presence(operand: CelType, field: string, pos: number): CelType {
    const found = this.#field(operand, field, pos);
    return found.kind === "error" ? found : BOOL;
  }

  #field(operand: CelType, field: string, pos: number): CelType {
    const type = this.#substitution.apply(operand, false);
    const inner = type.kind === "optional" ? (type.params[0] as CelType) : type;
    const found = this.#plainField(inner, field, pos);
    return type.kind === "optional" && found.kind !== "error" ? optionalOf(found) : found;
  }

  #plainField(type: CelType, field: string, pos: number): CelType {
    if (type.kind === "map") return type.params[1] as CelType;
    if (type.kind === "object") {
      const fields = this.#env.objects.get(type.name);
      // Kubernetes takes a reserved word for the field that is escaped as it would have to be.
      const found = fields?.get(field) ?? (isReservedWord(field) ? fields?.get(`__${field}__`) : undefined);
      return found ?? this.#problem(pos, `undefined field '${field}'`);
    }
    if (type.kind === "param") {
      this.#substitution.assignable(type, DYN);
      return DYN;
    }
    if (isDynamic(type)) return DYN;
    return this.#problem(pos, `type '${formatType(type)}' does not support field selection`);
  }

  #call(expr: Call, scope: Scope | undefined): CelType {
    if (expr.name === "_?._") return this.#optionalField(expr, scope);
    if (expr.name === "_&&_" || expr.name === "_||_") {
      for (const arg of expr.args) this.#expect(BOOL, this.#check(arg, scope), arg.pos);
      return BOOL;
    }
    const special = SPECIAL[expr.name];
    if (special)
      return this.#resolve(
        expr,
        special,
        expr.args.map((arg) => this.#check(arg, scope)),
        false,
      );
    if (!expr.target) return this.#function(expr, expr.name, scope);
    const namespace = dottedName(expr.target);
    if (namespace !== undefined && !isLocal(scope, namespace)) {
      const qualified = `${namespace}.${expr.name}`;
      if (this.#functionName(qualified) !== undefined) return this.#function(expr, qualified, scope);
    }
    const args = [this.#check(expr.target, scope), ...expr.args.map((arg) => this.#check(arg, scope))];
    const overloads = this.#env.functions.get(expr.name);
    return overloads ? this.#resolve(expr, overloads, args, true) : this.#undeclared(expr.name, expr.pos);
  }

  #functionName(name: string): string | undefined {
    return candidates(this.#env.container, name).find((n) => this.#env.functions.has(n));
  }

  #function(expr: Call, name: string, scope: Scope | undefined): CelType {
    const args = expr.args.map((arg) => this.#check(arg, scope));
    const known = this.#functionName(name);
    if (known === undefined) return this.#undeclared(name, expr.pos);
    return this.#resolve(expr, this.#env.functions.get(known) as readonly Overload[], args, false);
  }

  #optionalField(expr: Call, scope: Scope | undefined): CelType {
    const [operand, field] = expr.args as [Expr, Expr];
    const type = this.#substitution.apply(this.#check(operand, scope), false);
    this.#check(field, scope);
    const name = field.kind === "literal" && typeof field.value === "string" ? field.value : "";
    const found = this.#field(type, name, expr.pos);
    return found.kind === "error" || type.kind === "optional" ? found : optionalOf(found);
  }

  /** Signatures that differ in their results make the call dynamic. */
  #resolve(expr: Call, overloads: readonly Signature[], args: readonly CelType[], member: boolean): CelType {
    let result: CelType | undefined;
    const fitting: Overload[] = [];
    for (const overload of overloads) {
      if (overload.member !== member || overload.args.length !== args.length) continue;
      const own = this.#instance(overload);
      if (!this.#substitution.assignableAll(args, own.args)) continue;
      if ("call" in overload) fitting.push(overload as Overload);
      const type = this.#substitution.apply(own.result, false);
      result = result === undefined || sameType(result, type) ? type : DYN;
    }
    this.#overloads.set(expr, fitting);
    if (result) return result;
    const types = args.map((arg) => formatType(this.#substitution.apply(arg, true)));
    const shown = member ? `${types[0]}.(${types.slice(1).join(", ")})` : `(${types.join(", ")})`;
    if (args.some((arg) => arg.kind === "error")) return ERROR;
    return this.#problem(expr.pos, `found no matching overload for '${expr.name}' applied to '${shown}'`);
  }

  /** The signature with type parameters of its own. */
  #instance(overload: Signature): { args: readonly CelType[]; result: CelType } {
    if (!isGeneric(overload)) return overload;
    const suffix = `#${++this.#fresh}`;
    const rename = (type: CelType): CelType => {
      if (type.kind === "param") return param(type.name + suffix);
      return type.params.length === 0 ? type : { ...type, params: type.params.map(rename) };
    };
    return { args: overload.args.map(rename), result: rename(overload.result) };
  }

  /** The type of two elements of one literal: where they do not agree it is dynamic. */
  #join(known: CelType | undefined, type: CelType): CelType {
    if (known === undefined) return type;
    return this.#substitution.assignable(known, type) ? mostGeneral(known, type) : DYN;
  }

  #unwrapped(type: CelType, optional: boolean, pos: number): CelType {
    if (!optional) return type;
    const applied = this.#substitution.apply(type, false);
    if (applied.kind === "optional") return applied.params[0] as CelType;
    if (isDynamic(applied)) return DYN;
    return this.#problem(pos, `expected type '${formatType(optionalOf(applied))}' but found '${formatType(applied)}'`);
  }

  #open(): CelType {
    return param(`#${++this.#fresh}`);
  }

  #list(expr: ListExpr, scope: Scope | undefined): CelType {
    let element: CelType | undefined;
    for (const { value, optional } of expr.elements) {
      const type = this.#unwrapped(this.#check(value, scope), optional, value.pos);
      element = this.#join(element, type);
    }
    return listOf(element ?? this.#open());
  }

  #map(expr: MapExpr, scope: Scope | undefined): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      key = this.#join(key, this.#check(entry.key, scope));
      const type = this.#unwrapped(this.#check(entry.value, scope), entry.optional, entry.value.pos);
      value = this.#join(value, type);
    }
    return mapOf(key ?? this.#open(), value ?? this.#open());
  }

  #struct(expr: StructExpr, scope: Scope | undefined): CelType {
    const name = candidates(this.#env.container, expr.typeName).find((n) => this.#env.objects.has(n));
    const declared = name === undefined ? undefined : this.#env.objects.get(name);
    for (const field of expr.fields) {
      const type = this.#unwrapped(this.#check(field.value, scope), field.optional, field.value.pos);
      const wanted = declared?.get(field.name);
      if (declared && !wanted) this.#problem(field.pos, `undefined field '${field.name}'`);
      if (wanted && !this.#substitution.assignable(wanted, type)) {
        this.#problem(
          field.pos,
          `expected type of field '${field.name}' is '${formatType(wanted)}' but provided type is '${formatType(type)}'`,
        );
      }
    }
    return name === undefined ? this.#undeclared(expr.typeName, expr.pos) : objectType(name);
  }

  #comprehension(expr: Comprehension, scope: Scope | undefined): CelType {
    const range = this.#substitution.apply(this.#check(expr.range, scope), false);
    const init = this.#check(expr.init, scope);
    const accu: Scope = { name: expr.accuVar, type: init, outer: scope };
    const [first, second] = this.#elements(range, expr.iterVar2 !== undefined, expr.range.pos);
    let inner: Scope = { name: expr.iterVar, type: first, outer: accu };
    if (expr.iterVar2 !== undefined) inner = { name: expr.iterVar2, type: second, outer: inner };
    this.#expect(BOOL, this.#check(expr.condition, inner), expr.condition.pos);
    this.#expect(init, this.#check(expr.step, inner), expr.step.pos);
    return this.#check(expr.result, accu);
  }

  #expect(wanted: CelType, type: CelType, pos: number): void {
    if (this.#substitution.assignable(type, wanted)) return;
    const shown = [wanted, type].map((t) => formatType(this.#substitution.apply(t, true)));
    this.#problem(pos, `expected type '${shown[0]}' but found '${shown[1]}'`);
  }

  /** What the variables of a fold are: elements or keys for one; index and element, or key and value for two. */
  #elements(range: CelType, two: boolean, pos: number): readonly [CelType, CelType] {
    const [a, b] = range.params;
    if (range.kind === "list") return two ? [INT, a as CelType] : [a as CelType, ERROR];
    if (range.kind === "map") return [a as CelType, b as CelType];
    if (range.kind === "param") this.#substitution.assignable(range, DYN);
    else if (!isDynamic(range)) {
      const shown = formatType(range);
      this.#problem(pos, `expression of type '${shown}' cannot be range of a comprehension (must be list, map, or dynamic)`);
    }
    return [DYN, DYN];
  }
}

const generic = new WeakMap<object, boolean>();

/** Whether type parameters stand in the signature. */
function isGeneric(overload: Signature): boolean {
  let known = generic.get(overload);
  if (known === undefined) {
    const mentions = (type: CelType): boolean => type.kind === "param" || type.params.some(mentions);
    known = mentions(overload.result) || overload.args.some(mentions);
    generic.set(overload, known);
  }
  return known;
}

type Signature = Pick<Overload, "id" | "member" | "args" | "result">;

/** The operators that the evaluator has built in. */
const SPECIAL: Readonly<Record<string, readonly Signature[]>> = {
  "_?_:_": [{ id: "conditional", member: false, args: [BOOL, param("A"), param("A")], result: param("A") }],
  "@not_strictly_false": [{ id: "not_strictly_false", member: false, args: [BOOL], result: BOOL }],
};

function isLocal(scope: Scope | undefined, name: string): boolean {
  const root = name.split(".", 1)[0];
  for (let s = scope; s; s = s.outer) if (s.name === root) return true;
  return false;
}
