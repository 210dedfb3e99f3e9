/** A ValidatingAdmissionPolicy made ready, and what it has to say of one request with one parameter. */
import { BOOL, NULL, RUNTIME_BUDGET, STRING } from "../../../lang/cel/index.ts";
import type { Validation, ValidatingAdmissionPolicy } from "../../../schema/types/admissionregistration-v1.ts";
import { type ConditionResult, MatchConditions } from "../conditions.ts";
import { type CompiledExpression, compileExpression } from "../../../schema/admission/expressions.ts";
import { PolicyCompiler } from "../../../schema/admission/policy-compiler.ts";
import { type ActivationInputs, Budget, BudgetSpent, type Evaluation, evaluate } from "../expressions.ts";
import { policyActivation } from "./variables.ts";

export interface Decision {
  readonly deny: boolean;
  /** Why, when it is denied; also of an error that does not count. */
  readonly message: string;
  /** Of the status; `Invalid` when empty. */
  readonly reason: string;
  readonly isError: boolean;
}

export type AuditAnnotationResult =
  | { readonly type: "publish"; readonly key: string; readonly value: string }
  | { readonly type: "error"; readonly error: string };

export interface Verdict {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly AuditAnnotationResult[];
  /** Undefined when there are no conditions. */
  readonly conditions: ConditionResult | undefined;
}

/** The message of each validation that makes one, or why none could be made. */
type Messages = readonly (Evaluation | undefined)[] | BudgetSpent;

interface CompiledValidation {
  readonly spec: Validation;
  readonly expression: CompiledExpression;
  readonly message: CompiledExpression | undefined;
}

/** Bytes of a message that an expression makes; a longer one does not count. */
const longestMessage = 5 * 1024;

const admitted: Decision = { deny: false, message: "", reason: "", isError: false };

export class Validator {
  readonly #compiler: PolicyCompiler;
  readonly #conditions: MatchConditions | undefined;
  readonly #validations: readonly CompiledValidation[];
  readonly #annotations: readonly { readonly key: string; readonly expression: CompiledExpression }[];
  readonly #ignoresFailures: boolean;

  constructor({ spec = {} }: ValidatingAdmissionPolicy) {
    const compiler = new PolicyCompiler({ params: spec.paramKind !== undefined });
    for (const variable of spec.variables ?? []) compiler.declare(variable);
    const env = compiler.environment();
    const bare = compiler.environment({ authorizer: false });
    const { matchConditions = [], failurePolicy } = spec;
    this.#compiler = compiler;
    this.#ignoresFailures = failurePolicy === "Ignore";
    this.#conditions = matchConditions.length === 0 ? undefined : new MatchConditions(matchConditions, failurePolicy, env);
    this.#validations = (spec.validations ?? []).map((validation) => ({
      spec: validation,
      expression: compileExpression(env, validation.expression, [BOOL]),
      message: validation.messageExpression ? compileExpression(bare, validation.messageExpression, [STRING]) : undefined,
    }));
    this.#annotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: compileExpression(env, valueExpression, [STRING, NULL]),
    }));
  }

  /** Throws a Need. */
  validate(inputs: ActivationInputs): Verdict {
    const { variables } = this.#compiler;
    let conditions: ConditionResult | undefined;
    if (this.#conditions !== undefined) {
      conditions = this.#conditions.match((budget) => policyActivation({ ...inputs, namespace: undefined }, variables, budget));
      if ("error" in conditions) return { decisions: [this.#failed(conditions.error)], annotations: [], conditions };
      if (!conditions.matches) return { decisions: [], annotations: [], conditions };
    }
    try {
      const budget = new Budget(RUNTIME_BUDGET);
      const variable = policyActivation(inputs, variables, budget);
      const results = this.#validations.map(({ expression }) => evaluate(expression, variable, budget));
      const messages = this.#messages(inputs, budget);
      const decisions = results.map((result, i) => this.#decide(i, result, messages));
      return { decisions, annotations: this.#audit(inputs), conditions };
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      return { decisions: [this.#failed(error.message)], annotations: [], conditions };
    }
  }

  #failed(message: string): Decision {
    return { deny: !this.#ignoresFailures, message, reason: "", isError: true };
  }

  /** Of every validation that has an expression for it; the error when they cost too much. */
  #messages(inputs: ActivationInputs, budget: Budget): Messages {
    if (this.#validations.every(({ message }) => message === undefined)) return [];
    const variable = policyActivation(inputs, this.#compiler.variables, budget);
    try {
      return this.#validations.map(({ message }) => (message === undefined ? undefined : evaluate(message, variable, budget)));
    } catch (error) {
      if (error instanceof BudgetSpent) return error;
      throw error;
    }
  }

  #decide(index: number, result: Evaluation, messages: Messages): Decision {
    if (result.error !== undefined) return this.#failed(result.error);
    if (messages instanceof BudgetSpent) return this.#failed(`failed messageExpression: ${messages.message}`);
    if (result.value === true) return admitted;
    const { spec } = this.#validations[index] as CompiledValidation;
    const message = usable(messages[index]) || (spec.message ?? "").trim() || `failed expression: ${spec.expression.trim()}`;
    return { deny: true, message, reason: spec.reason ?? "Invalid", isError: false };
  }

  #audit(inputs: ActivationInputs): AuditAnnotationResult[] {
    if (this.#annotations.length === 0) return [];
    const budget = new Budget(RUNTIME_BUDGET);
    const variable = policyActivation(inputs, this.#compiler.variables, budget);
    return this.#annotations.flatMap(({ key, expression }): AuditAnnotationResult[] => {
      const { value, error } = evaluate(expression, variable, budget);
      if (error !== undefined) return this.#ignoresFailures ? [] : [{ type: "error", error }];
      const text = typeof value === "string" ? value.trim() : "";
      return text === "" ? [] : [{ type: "publish", key, value: text }];
    });
  }
}

/** What an expression said, when it is a message: one line that is not too long. */
function usable(result: Evaluation | undefined): string {
  if (typeof result?.value !== "string") return "";
  const message = result.value.trim();
  return Buffer.byteLength(message) > longestMessage || message.includes("\n") ? "" : message;
}
