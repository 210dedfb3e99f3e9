import { type Environment, type EnvironmentOptions, environment } from "./environment.ts";
import type { Library } from "./libraries.ts";
import { type Program, plan } from "./evaluate.ts";
import { parse } from "./parser.ts";

export { CelError, CelSyntaxError } from "./errors.ts";
export type { Program } from "./evaluate.ts";
export { BINDINGS, OPTIONALS, STANDARD, TWO_VARIABLES } from "./libraries.ts";

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

/** Reads an expression and makes it ready to be evaluated any number of times. Throws CelSyntaxError. */
export function compile(env: Environment, source: string): Program {
  return plan(env, parse(source, env.macros));
}
