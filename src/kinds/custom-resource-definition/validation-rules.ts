/** The expressions of a schema's rules: whether they compile, and what they may cost (`apiextensions/validation`, CEL). */
import { declareType, UINT64_MAX, ValueSchema } from "../../lang/cel/index.ts";
import { type FieldError, type FieldPath, forbiddenField, internalFieldError, invalidField } from "../../schema/field-error.ts";
import { type CompiledRule, compileRules, maxCardinality } from "../../schema/structural/rules/compile-rule.ts";
import type { JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";
import { internalRule } from "./internal-form.ts";

/** What one expression may cost, and all of a schema. */
const RULE_LIMIT = 10_000_000n;
const SCHEMA_LIMIT = 100_000_000n;

/** What is gathered over one whole schema. */
export class RuleChecks {
  readonly errors: FieldError[] = [];
  /** Rules that stood in the schema before are not measured one by one. */
  readonly #measured: boolean;
  #total = 0n;
  #dearest: { readonly path: FieldPath; readonly cost: bigint }[] = [];

  constructor(measured: boolean) {
    this.#measured = measured;
  }

  /** The rules of one node. Only where the schema below it is without fault. */
  node(schema: JSONSchemaProps, path: FieldPath, place: RulePlace): void {
    const rules = schema["x-kubernetes-validations"] ?? [];
    const at = path.child("x-kubernetes-validations");
    const declared = declareType(new ValueSchema(schema, place.root || schema["x-kubernetes-embedded-resource"] === true), "selfType");
    if (declared === undefined) {
      const why = "internal error: failed to construct type information for x-kubernetes-validations rules";
      this.errors.push(internalFieldError(at, `${why}: unable to convert structural schema to CEL declarations`));
      return;
    }
    const often = place.cardinality ?? maxCardinality(declared);
    for (const [i, rule] of compileRules(rules, schema, declared).entries()) this.#rule(rule, at.index(i), often, place);
  }

  #rule(rule: CompiledRule, path: FieldPath, often: bigint, place: RulePlace): void {
    const { source } = rule;
    const ruleAt = path.child("rule");
    this.#measure("estimated rule cost", times(rule.maxCost, often), ruleAt);
    if (rule.error !== undefined) this.errors.push(invalidField(ruleAt, internalRule(source), rule.error));
    const messageAt = path.child("messageExpression");
    if (rule.messageError !== undefined) this.errors.push(invalidField(messageAt, internalRule(source), rule.messageError));
    else if (rule.message) this.#measure("estimated messageExpression cost", rule.messageMaxCost, messageAt);
    if (rule.usesOldSelf) {
      if (place.uncorrelatable === undefined) return;
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable.toString()}`;
      this.errors.push(invalidField(ruleAt, source.rule, why));
    } else if (source.optionalOldSelf !== undefined) {
      const why = "may not be set if oldSelf is not used in rule";
      this.errors.push(invalidField(path.child("optionalOldSelf"), source.optionalOldSelf, why));
    }
  }

  #measure(what: string, cost: bigint, path: FieldPath): void {
    if (this.#measured && cost > RULE_LIMIT) this.errors.push(forbiddenField(path, tooDear(what, cost, RULE_LIMIT)));
    this.#total = min(this.#total + cost, UINT64_MAX);
    if (cost < SCHEMA_LIMIT / 100n) return;
    this.#dearest = [...this.#dearest, { path, cost }].sort((a, b) => (a.cost < b.cost ? 1 : a.cost > b.cost ? -1 : 0)).slice(0, 4);
  }

  /** What the whole schema costs too much. */
  totalErrors(path: FieldPath): FieldError[] {
    if (this.#total <= SCHEMA_LIMIT) return [];
    const why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    return [...this.#dearest.map((rule) => forbiddenField(rule.path, why)), forbiddenField(path, tooDear(what, this.#total, SCHEMA_LIMIT))];
  }
}

export interface RulePlace {
  readonly root: boolean;
  /** How often the node may be in one object; undefined where no limit says it. */
  readonly cardinality: bigint | undefined;
  /** The part around it whose values cannot be told from one update to the next. */
  readonly uncorrelatable: FieldPath | undefined;
}

/** How often what lies below the schema may be there. */
export function cardinalityBelow(schema: JSONSchemaProps, own: bigint | undefined): bigint | undefined {
  const most = maxElements(schema);
  return own === undefined || most === undefined ? undefined : times(own, most);
}

function maxElements(schema: JSONSchemaProps): bigint | undefined {
  const limited = (limit: number | undefined): bigint | undefined => (limit === undefined ? undefined : BigInt(Math.max(0, limit)));
  if (schema.type === "array") return limited(schema.maxItems);
  return schema.type === "object" && schema.additionalProperties !== undefined ? limited(schema.maxProperties) : 1n;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const times = (a: bigint, b: bigint): bigint => min(a * b, UINT64_MAX);

function tooDear(what: string, cost: bigint, limit: bigint): string {
  const factor = Number(cost) / Number(limit);
  const shown = factor > 100 ? "more than 100x" : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  const remedy = "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared";
  return `${what} exceeds budget by factor of ${shown} (${remedy})`;
}
