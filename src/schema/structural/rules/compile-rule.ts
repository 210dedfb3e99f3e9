/** One `x-kubernetes-validations` rule, compiled as upstream compiles it (`apiextensions-apiserver/pkg/apiserver/schema/cel`). */
import {
  analyse,
  BOOL,
  CelError,
  CelSyntaxError,
  type CelType,
  type DeclaredType,
  declaredSizes,
  type Environment,
  estimateCost,
  kubernetesEnvironment,
  objectsOf,
  optionalOf,
  type Program,
  program,
  showProblems,
  STRING,
} from "../../../lang/cel/index.ts";
import type { JSONSchemaProps, ValidationRule } from "../../types/apiextensions-v1.ts";
import { schemaAt } from "../schema-path.ts";

export interface CompiledRule {
  readonly source: ValidationRule;
  /** Undefined of an empty rule and of one that does not compile. */
  readonly run: Program | undefined;
  /** Why it does not compile. */
  readonly error: string | undefined;
  readonly usesOldSelf: boolean;
  /** What one evaluation may cost at most. */
  readonly maxCost: bigint;
  readonly message: Program | undefined;
  readonly messageError: string | undefined;
  readonly messageMaxCost: bigint;
  /** Where errors are reported, below the node of the rule; empty for the node itself. */
  readonly fieldPath: string;
}

const MAX_REQUEST = 3 * 1024 * 1024;

/** How often a value of this type may be in one object where no limit says it. */
export function maxCardinality(declared: DeclaredType): bigint {
  return BigInt(Math.trunc(MAX_REQUEST / (declared.minSerialized + 1)));
}

/** The rules of one node of a schema, whose values have this type. */
export function compileRules(rules: readonly ValidationRule[], node: JSONSchemaProps, declared: DeclaredType): CompiledRule[] {
  const environments = new Environments(declared);
  return rules.map((rule) => compileRule(rule, node, declared, environments));
}

/** Those with and without an optional `oldSelf`, made when a rule asks for one. */
class Environments {
  readonly #declared: DeclaredType;
  #plain: Environment | undefined;
  #optional: Environment | undefined;
  constructor(declared: DeclaredType) {
    this.#declared = declared;
  }
  of(optionalOldSelf: boolean): Environment {
    const { type } = this.#declared;
    if (optionalOldSelf) return (this.#optional ??= this.#make(optionalOf(type)));
    return (this.#plain ??= this.#make(type));
  }
  #make(oldSelf: CelType): Environment {
    return kubernetesEnvironment({ variables: { self: this.#declared.type, oldSelf }, objects: objectsOf(this.#declared) });
  }
}

type Compiled = { readonly run: Program; readonly maxCost: bigint; readonly usesOldSelf: boolean };
type Failed = { readonly error: string; readonly usesOldSelf: boolean };

interface Wanted {
  readonly type: CelType;
  /** How errors begin. */
  readonly compilation: string;
  readonly instantiation: string;
  readonly mistyped: string;
}

const RULE: Wanted = {
  type: BOOL,
  compilation: "compilation failed: ",
  instantiation: "program instantiation failed: ",
  mistyped: "cel expression must evaluate to a bool",
};
const MESSAGE: Wanted = {
  type: STRING,
  compilation: "messageExpression compilation failed: ",
  instantiation: "messageExpression instantiation failed: ",
  mistyped: "messageExpression must evaluate to a string",
};

const NOTHING = { run: undefined, error: undefined, usesOldSelf: false, maxCost: 0n };
const NO_MESSAGE = { message: undefined, messageError: undefined, messageMaxCost: 0n };

function compileRule(rule: ValidationRule, node: JSONSchemaProps, declared: DeclaredType, environments: Environments): CompiledRule {
  const empty = { source: rule, ...NOTHING, ...NO_MESSAGE, fieldPath: "" };
  if (rule.rule.trim() === "") return empty;
  const env = environments.of(rule.optionalOldSelf === true);
  const compiled = compileExpression(env, rule.rule, declared, RULE);
  if ("error" in compiled) return { ...empty, ...compiled };
  const ruled = { ...empty, ...compiled };
  const { messageExpression = "", fieldPath = "" } = rule;
  const found = fieldPath === "" ? undefined : schemaAt(fieldPath, node, true);
  const at = found && "path" in found ? found.path : "";
  if (messageExpression === "") return { ...ruled, fieldPath: at };
  const message = compileExpression(env, messageExpression, declared, MESSAGE);
  if ("error" in message) return { ...ruled, messageError: message.error };
  return { ...ruled, message: message.run, messageMaxCost: message.maxCost, fieldPath: at };
}

function compileExpression(env: Environment, source: string, declared: DeclaredType, wanted: Wanted): Compiled | Failed {
  let analysed: ReturnType<typeof analyse>;
  try {
    analysed = analyse(env, source);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    return { error: wanted.compilation + showProblems(source, error.problems), usesOldSelf: false };
  }
  if (analysed.problems.length > 0) {
    return { error: wanted.compilation + showProblems(source, analysed.problems), usesOldSelf: false };
  }
  if (analysed.type.kind !== wanted.type.kind) return { error: wanted.mistyped, usesOldSelf: false };
  let usesOldSelf = false;
  for (const expr of analysed.types.keys()) if (expr.kind === "ident" && expr.name === "oldSelf") usesOldSelf = true;
  try {
    const run = program(env, analysed);
    return { run, maxCost: estimateCost(analysed, declaredSizes(declared)).max, usesOldSelf };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { error: wanted.instantiation + error.message, usesOldSelf };
  }
}
