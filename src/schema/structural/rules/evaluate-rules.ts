/** Rules of a schema, evaluated over an object, with upstream's messages, budget and ratcheting. */
import {
  CelBudgetError,
  CelError,
  CelOptional,
  type CelValue,
  CostMeter,
  jsonValue,
  PER_CALL_LIMIT,
  type Program,
  RUNTIME_BUDGET,
} from "../../../lang/cel/index.ts";
import { goQuote } from "../../../core/go-quote.ts";
import { describeFieldError, duplicate, type FieldError, FieldPath, forbiddenField, invalidField, required } from "../../field-error.ts";
import type { ValidationRule } from "../../types/apiextensions-v1.ts";
import type { CompiledRule } from "./compile-rule.ts";
import { Correlation, oldElements, Ratchet } from "./correlation.ts";
import type { RuleNode } from "./rule-tree.ts";

export interface RuleOptions {
  /** The object that is replaced; absent on create. */
  readonly old?: unknown;
  /** Errors at parts that did not change go here and are none. Without it every error counts. */
  readonly ratcheted?: (message: string) => void;
  /** What all rules together may cost; default {@link RUNTIME_BUDGET}. */
  readonly budget?: number;
}

export interface RuleResult {
  readonly errors: FieldError[];
  /** Below zero: it was used up, and rules were left out. */
  readonly budget: number;
}

/** A message that an expression makes may have this many bytes. */
const MAX_MESSAGE = 5 * 1024;
const OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run";

export function evaluateRules(root: RuleNode, value: unknown, path: FieldPath, options: RuleOptions = {}): RuleResult {
  const run = new Evaluation(options);
  const ratchet = options.ratcheted ? new Ratchet(new Correlation(value, options.old), undefined) : NOT_RATCHETED;
  run.visit(root, value, options.old, path, ratchet);
  return { errors: run.errors, budget: run.budget };
}

const NOT_RATCHETED = new Ratchet(undefined, undefined);
const NIL_PATH = new FieldPath("<nil>");

type Json = { readonly [key: string]: unknown };

class Evaluation {
  readonly errors: FieldError[] = [];
  readonly #warn: ((message: string) => void) | undefined;
  budget: number;

  constructor(options: RuleOptions) {
    this.#warn = options.ratcheted;
    this.budget = options.budget ?? RUNTIME_BUDGET;
  }

  visit(node: RuleNode, value: unknown, old: unknown, path: FieldPath, ratchet: Ratchet): void {
    if (value === null || value === undefined || this.budget < 0) return;
    this.#rules(node, value, old ?? undefined, path, ratchet);
    if (Array.isArray(value)) this.#items(node, value, old, path, ratchet);
    else if (typeof value === "object") this.#fields(node, value as Json, old, path, ratchet);
  }

  #items(node: RuleNode, list: readonly unknown[], old: unknown, path: FieldPath, ratchet: Ratchet): void {
    if (!node.items || this.budget < 0) return;
    const oldOf = oldElements(old, node.listMapKeys);
    for (const [i, item] of list.entries()) {
      const before = oldOf(item);
      this.visit(node.items, item, before, path.index(i), ratchet.item(item, before));
    }
  }

  #fields(node: RuleNode, object: Json, old: unknown, path: FieldPath, ratchet: Ratchet): void {
    const correlatable = node.mapType === undefined || node.mapType === "granular" || node.mapType === "atomic";
    const before = correlatable && typeof old === "object" && old !== null && !Array.isArray(old) ? (old as Json) : {};
    const oldOf = (key: string): unknown => (Object.hasOwn(before, key) ? before[key] : undefined);
    for (const key of Object.keys(object)) {
      if (node.additional) this.visit(node.additional, object[key], oldOf(key), path.key(key), ratchet.key(key));
      const property = node.properties.get(key);
      if (property) this.visit(property, object[key], oldOf(key), path.child(key), ratchet.key(key));
    }
  }

  #invalid(path: FieldPath, node: RuleNode, detail: string): void {
    this.errors.push(invalidField(shownPath(path), node.type, detail));
  }

  #rules(node: RuleNode, value: unknown, old: unknown, path: FieldPath, ratchet: Ratchet): void {
    if (node.untyped) {
      this.#invalid(path, node, "rule compiler initialization error: failed to convert to declType for CEL validation rules");
      return;
    }
    if (node.rules.length === 0) return;
    if (this.budget <= 0) {
      this.#invalid(path, node, OUT_OF_BUDGET);
      this.budget = -1;
      return;
    }
    const variables = new Variables(node, value, old);
    for (const rule of node.rules) {
      if (rule.error !== undefined) {
        this.#invalid(path, node, `rule compile error: ${rule.error}`);
        continue;
      }
      const optional = rule.source.optionalOldSelf === true;
      // A transition rule needs something to compare with, unless it asks for it itself.
      if (!rule.run || (rule.usesOldSelf && old === undefined && !optional)) continue;
      this.#rule(rule, rule.run, node, value, variables, path, ratchet);
      if (this.budget < 0) return;
    }
  }

  #rule(rule: CompiledRule, run: Program, node: RuleNode, value: unknown, variables: Variables, path: FieldPath, ratchet: Ratchet): void {
    const outcome = evaluate(run, rule.source.optionalOldSelf === true ? variables.optional : variables.plain);
    if (outcome.cost > this.budget) {
      this.#invalid(path, node, OUT_OF_BUDGET);
      this.budget = -1;
      return;
    }
    this.budget -= outcome.cost;
    if ("error" in outcome) {
      this.#failed(outcome.error, rule.source, node, path);
      return;
    }
    if (outcome.value === true) return;
    const at = shownPath(rule.fieldPath === "" ? path : path.child(rule.fieldPath));
    const report = (error: FieldError): void => {
      if (!rule.usesOldSelf && this.#warn && ratchet.unchanged) this.#warn(describeFieldError(error));
      else this.errors.push(error);
    };
    const message = this.#message(rule, variables);
    if ("fatal" in message) {
      report(invalidField(at, node.type, message.fatal));
      this.budget = -1;
      return;
    }
    const detail = message.text ?? defaultMessage(rule.source);
    const omitted = node.type === "object" || node.type === "array";
    report(fieldError(at, omitted ? undefined : { value }, detail, rule.source.reason));
  }

  #failed(error: CelError | CelBudgetError, rule: ValidationRule, node: RuleNode, path: FieldPath): void {
    const shown = shownRule(rule);
    if (error instanceof CelBudgetError) {
      const why = "no further validation rules will be run due to call cost exceeds limit for rule";
      this.#invalid(path, node, `'${error.message}': ${why}: ${shown}`);
      this.budget = -1;
    } else if (error.message.startsWith("no such overload")) {
      const why = "call arguments did not match a supported operator, function or macro signature for rule";
      this.#invalid(path, node, `'${error.message}': ${why}: ${shown}`);
    } else this.#invalid(path, node, `${error.message} evaluating rule: ${shown}`);
  }

  /** What the message expression gives; nothing where it does not give a message that can be shown. */
  #message(rule: CompiledRule, variables: Variables): { text?: string } | { fatal: string } {
    if (!rule.message) return {};
    const outcome = evaluate(rule.message, variables.plain);
    if (outcome.cost > this.budget) {
      return { fatal: "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run" };
    }
    if ("error" in outcome && outcome.error instanceof CelBudgetError) {
      const why = "no further validation rules will be run due to call cost exceeds limit for messageExpression";
      return { fatal: `${why}: ${goQuote(rule.source.messageExpression ?? "")}` };
    }
    this.budget -= outcome.cost;
    const text = "value" in outcome && typeof outcome.value === "string" ? outcome.value.trim() : "";
    return text === "" || text.includes("\n") || Buffer.byteLength(text) > MAX_MESSAGE ? {} : { text };
  }
}

type Lookup = (name: string) => CelValue | undefined;
type Outcome = { readonly cost: number } & ({ readonly value: CelValue } | { readonly error: CelError | CelBudgetError });

function evaluate(run: Program, lookup: Lookup): Outcome {
  const meter = new CostMeter(PER_CALL_LIMIT);
  try {
    return { value: run(lookup, meter), cost: meter.spent };
  } catch (error) {
    if (error instanceof CelError || error instanceof CelBudgetError) return { error, cost: meter.spent };
    throw error;
  }
}

/** `self` and `oldSelf` at one node, read once for all its rules. */
class Variables {
  readonly #node: RuleNode;
  readonly #value: unknown;
  readonly #old: unknown;
  #self: CelValue | undefined;
  #oldSelf: CelValue | undefined;
  constructor(node: RuleNode, value: unknown, old: unknown) {
    this.#node = node;
    this.#value = value;
    this.#old = old;
  }
  readonly plain: Lookup = (name) => {
    if (name === "self") return (this.#self ??= jsonValue(this.#value, this.#node.schema));
    if (name !== "oldSelf" || this.#old === undefined) return undefined;
    return (this.#oldSelf ??= jsonValue(this.#old, this.#node.schema));
  };
  /** With an old self that may be none. */
  readonly optional: Lookup = (name) => (name === "oldSelf" ? new CelOptional(this.plain(name)) : this.plain(name));
}

function shownPath(path: FieldPath): FieldPath {
  return path.toString() === "" ? NIL_PATH : path;
}

function shownRule({ rule, message = "" }: ValidationRule): string {
  return message === "" ? rule.trim() : message.trim();
}

function defaultMessage(rule: ValidationRule): string {
  const { message = "" } = rule;
  return message === "" ? `failed rule: ${shownRule(rule)}` : message.trim();
}

function fieldError(path: FieldPath, value: { value: unknown } | undefined, detail: string, reason: string | undefined): FieldError {
  switch (reason) {
    case "FieldValueForbidden":
      return forbiddenField(path, detail);
    case "FieldValueRequired":
      return required(path, detail);
    case "FieldValueDuplicate":
      return value ? duplicate(path, value.value) : { type: "FieldValueDuplicate", field: path.toString(), body: "Duplicate value" };
    default:
      if (value) return invalidField(path, value.value, detail);
      return { type: "FieldValueInvalid", field: path.toString(), body: `Invalid value: ${detail}` };
  }
}
