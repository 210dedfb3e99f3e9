import type { Expr } from "./ast.ts";
import { type Checked, check } from "./check.ts";
import { type Environment, type EnvironmentOptions, environment } from "./environment.ts";
import type { Library } from "./libraries.ts";
import { type Program, plan } from "./evaluate.ts";
import { parse } from "./parser.ts";

export type { Checked } from "./check.ts";
export { CelError, CelSyntaxError, type Problem } from "./errors.ts";
export type { Environment } from "./environment.ts";
export type { Program } from "./evaluate.ts";
export {
  BINDINGS,
  KUBERNETES_JSON_PATCH,
  KUBERNETES_LISTS,
  KUBERNETES_REGEX,
  type Library,
  LISTS,
  OPTIONALS,
  SETS,
  STANDARD,
  STRINGS,
  TWO_VARIABLES,
} from "./libraries.ts";

/** An environment of libraries and what the caller declares besides. */
export function celEnvironment(
  libraries: readonly Library[],
  declared: Omit<EnvironmentOptions, "macros" | "functions"> = {},
): Environment {
  return environment({
    ...declared,
    macros: libraries.flatMap((l) => l.macros),
    functions: libraries.flatMap((l) => l.functions),
    types: [...libraries.flatMap((l) => l.types ?? []), ...(declared.types ?? [])],
  });
}

/**
 * Reads an expression and finds the type of every part of it. Throws CelSyntaxError where it cannot be read; what does not
 * fit the declarations is in `problems`.
 */
export function analyse(env: Environment, source: string): Checked & { readonly expr: Expr } {
  const expr = parse(source, env);
  return { expr, ...check(env, expr) };
}

/**
 * Makes an analysed expression ready. Calls whose types the checker knows use the one overload that it found. Only for
 * expressions without problems.
 */
export function program(env: Environment, analysed: Checked & { readonly expr: Expr }): Program {
  return plan(env, analysed.expr, analysed);
}

/** Reads an expression, without looking at types, and makes it ready to be evaluated any number of times. Throws CelSyntaxError. */
export function compile(env: Environment, source: string): Program {
  return plan(env, parse(source, env));
}
export {
  type AuthorizationAnswer,
  type AuthorizationRequest,
  AuthorizerValue,
  type CheckedUser,
  requestResource,
  type ResourceAttributes,
} from "./authorizer.ts";
export { CelBudgetError, CostMeter, MATCH_CONDITIONS_BUDGET, PER_CALL_LIMIT, RUNTIME_BUDGET } from "./cost.ts";
export { declareType, type DeclaredType, objectsOf } from "./declared-types.ts";
export { escapeFieldName, unescapeFieldName } from "./field-names.ts";
export { jsonValue, sourceJson } from "./json-value.ts";
export { kubernetesEnvironment, type KubernetesEnvironmentOptions, NEWEST_MINOR } from "./kubernetes.ts";
export { Answers, Need, withAnswers } from "./need.ts";
export { readGoDuration } from "./string-formats.ts";
export { showProblems } from "./show-problems.ts";
export * from "./types.ts";
export { type JsonSchema, ValueSchema } from "./value-schema.ts";
export {
  CelDuration,
  CelMap,
  CelOpaque,
  CelOptional,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
  EntryMap,
} from "./values.ts";
export { declaredSizes, estimateCost, type Sizes } from "./estimate.ts";
export { type Range, UINT64_MAX } from "./estimate-ranges.ts";
