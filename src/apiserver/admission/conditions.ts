/** `matchConditions` of webhooks and policies: expressions that all have to be true. */
import { aggregate } from "../aggregate.ts";
import { BOOL, type Environment, MATCH_CONDITIONS_BUDGET } from "../../lang/cel/index.ts";
import { type CompiledExpression, compileExpression, expressionEnvironment } from "../../schema/admission/expressions.ts";
import { Budget, BudgetSpent, evaluate, type Variables } from "./expressions.ts";

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** `error`: upstream's words, to be refused with; only when failures count. */
export type ConditionResult =
  | { readonly matches: boolean; readonly failed?: string | undefined; readonly errors: number }
  | { readonly error: string; readonly errors: number };

let usual: Environment | undefined;

/** The environment of conditions without parameters. */
function conditionEnvironment(): Environment {
  return (usual ??= expressionEnvironment());
}

export class MatchConditions {
  readonly #conditions: readonly { readonly name: string; readonly expression: CompiledExpression }[];
  readonly #ignoreFailures: boolean;

  constructor(conditions: readonly MatchCondition[], failurePolicy: string | undefined, env: Environment = conditionEnvironment()) {
    this.#conditions = conditions.map(({ name, expression }) => ({ name, expression: compileExpression(env, expression, [BOOL]) }));
    this.#ignoreFailures = failurePolicy === "Ignore";
  }

  /** One that is false decides, whatever else fails. Throws a Need. */
  match(activate: (budget: Budget) => Variables): ConditionResult {
    const errors: string[] = [];
    const budget = new Budget(MATCH_CONDITIONS_BUDGET);
    const variables = activate(budget);
    try {
      let failed: string | undefined;
      for (const { name, expression } of this.#conditions) {
        const { value, error } = evaluate(expression, variables, budget);
        if (error !== undefined) errors.push(error);
        else if (value === false) failed ??= name;
      }
      if (failed !== undefined) return { matches: false, failed, errors: errors.length };
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      return this.#ignoreFailures ? { matches: false, errors: 0 } : { error: error.message, errors: 0 };
    }
    if (errors.length === 0) return { matches: true, errors: 0 };
    return this.#ignoreFailures ? { matches: false, errors: errors.length } : { error: aggregate(errors), errors: errors.length };
  }
}
