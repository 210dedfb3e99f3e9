/** Expressions in admission's configuration: match conditions, and what any of them has to be like. */
import { BOOL, type CelType, type Environment } from "../lang/cel/index.ts";
import { type CompiledExpression, compileExpression, expressionEnvironment } from "../schema/admission/expressions.ts";
import { duplicate, type FieldError, type FieldPath, invalidField, required, tooMany } from "../schema/field-error.ts";
import type { MatchCondition } from "../schema/types/admissionregistration-v1.ts";
import { validateQualifiedName } from "./formats.ts";

/** An expression that cannot be compiled, as a field error. */
export function expressionError(compiled: CompiledExpression, path: FieldPath, shown: string = compiled.source): FieldError[] {
  return compiled.error === undefined ? [] : [invalidField(path, shown, compiled.error)];
}

/** Compiles, for the error alone. */
export function checkExpression(env: Environment, source: string, returns: readonly CelType[], path: FieldPath): FieldError[] {
  return expressionError(compileExpression(env, source, returns), path);
}

const environments = new Map<boolean, Environment>();

/** The environment of conditions, which have no variables. */
function conditionEnvironment(params: boolean): Environment {
  let env = environments.get(params);
  if (env === undefined) environments.set(params, (env = expressionEnvironment({ params })));
  return env;
}

export function validateMatchConditions(conditions: readonly MatchCondition[], params: boolean, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > 64) errors.push(tooMany(at, conditions.length, 64));
  const names = new Set<string>();
  conditions.forEach(({ name, expression }, i) => {
    const here = at.index(i);
    const trimmed = (expression ?? "").trim();
    if (trimmed === "") errors.push(required(here.child("expression")));
    else errors.push(...checkExpression(conditionEnvironment(params), trimmed, [BOOL], here.child("expression")));
    if (!name) errors.push(required(here.child("name")));
    else {
      validateQualifiedName(name, here.child("name"), errors);
      if (names.has(name)) errors.push(duplicate(here.child("name"), name));
      names.add(name);
    }
  });
  return errors;
}
