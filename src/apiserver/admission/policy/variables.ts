/** `variables` of policies: named expressions, evaluated when they are first used. */
import { CelError, CelMap, type CelType, type CelValue } from "../../../lang/cel/index.ts";
import type { CompiledExpression } from "../../../schema/admission/expressions.ts";
import { variablesType } from "../../../schema/admission/policy-compiler.ts";
import { type ActivationInputs, activation, type Budget, evaluate, type Variables } from "../expressions.ts";

/** `variables` of one evaluation. */
class LazyVariables extends CelMap {
  readonly #compiled: ReadonlyMap<string, CompiledExpression>;
  readonly #variable: Variables;
  readonly #budget: Budget;
  readonly #known = new Map<string, CelValue | CelError>();

  constructor(compiled: ReadonlyMap<string, CompiledExpression>, variable: Variables, budget: Budget) {
    super();
    this.#compiled = compiled;
    this.#variable = variable;
    this.#budget = budget;
  }

  override get type(): CelType {
    return variablesType;
  }

  get size(): number {
    return this.#compiled.size;
  }

  *keys(): Iterable<CelValue> {
    yield* this.#compiled.keys();
  }

  override has(key: CelValue): boolean {
    return typeof key === "string" && this.#compiled.has(key);
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== "string") return undefined;
    const compiled = this.#compiled.get(key);
    if (compiled === undefined) return undefined;
    let value = this.#known.get(key);
    if (value === undefined) this.#known.set(key, (value = this.#evaluate(key, compiled)));
    if (value instanceof CelError) throw value;
    return value;
  }

  #evaluate(name: string, compiled: CompiledExpression): CelValue | CelError {
    const quoted = JSON.stringify(name);
    if (compiled.run === undefined) return new CelError(`composited variable ${quoted} fails to compile: ${compiled.error ?? ""}`);
    const { value, failure } = evaluate(compiled, this.#variable, this.#budget);
    return failure === undefined ? (value as CelValue) : new CelError(`composited variable ${quoted} fails to evaluate: ${failure}`);
  }
}

/** The variables of one group of expressions: it has `variables` of its own, which are paid for from its budget. */
export function policyActivation(inputs: ActivationInputs, compiled: ReadonlyMap<string, CompiledExpression>, budget: Budget): Variables {
  const plain = activation(inputs);
  const variable: Variables = (name) => (name === "variables" ? lazy : plain(name));
  const lazy = new LazyVariables(compiled, variable, budget);
  return variable;
}
