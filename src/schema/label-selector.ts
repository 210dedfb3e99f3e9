/** Label selectors: the text of `?labelSelector=` and the object in specs, as `k8s.io/apimachinery/pkg/labels` has them. */
import { ApiError } from "../core/api-error.ts";
import { type FieldError, type FieldPath, forbiddenField, invalidField, required } from "./field-error.ts";
import { labelValue, qualifiedName } from "../core/names.ts";
import type { LabelSelector, LabelSelectorRequirement } from "./types/meta-v1.ts";

export type LabelOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

export interface LabelSelectorMatcher {
  matches(labels: Labels | undefined): boolean;
  /** It matches everything. */
  readonly empty: boolean;
  /** It matches nothing: what a selector that is not there means. */
  readonly nothing: boolean;
  readonly requirements: readonly LabelRequirement[];
  /** The text that {@link parseLabelSelector} reads. */
  toString(): string;
}

/** A selector that cannot be read: a 400 with upstream's message. */
export class LabelSelectorError extends ApiError {
  constructor(message: string) {
    super(400, "BadRequest", message);
  }
}

function matchesOne({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const has = Object.hasOwn(labels, key);
  const value = has ? (labels[key] as string) : "";
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return has && values.includes(value);
    case "!=":
    case "notin":
      return !has || !values.includes(value);
    case "exists":
      return has;
    case "!":
      return !has;
    default: {
      if (!has || !integer.test(value)) return false;
      const [left, right] = [BigInt(value.replace("+", "")), BigInt((values[0] as string).replace("+", ""))];
      return operator === "gt" ? left > right : left < right;
    }
  }
}

const integer = /^[+-]?\d{1,19}$/;
const none: Labels = {};

class Matcher implements LabelSelectorMatcher {
  readonly requirements: readonly LabelRequirement[];
  readonly nothing: boolean;

  constructor(requirements: readonly LabelRequirement[], nothing = false) {
    this.requirements = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.nothing = nothing;
  }

  get empty(): boolean {
    return !this.nothing && this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    if (this.nothing) return false;
    for (const r of this.requirements) if (!matchesOne(r, labels ?? none)) return false;
    return true;
  }

  toString(): string {
    return this.requirements.map(describe).join(",");
  }
}

function describe({ key, operator, values }: LabelRequirement): string {
  const sorted = values.toSorted().join(",");
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${sorted})`;
    case "gt":
      return `${key}>${sorted}`;
    case "lt":
      return `${key}<${sorted}`;
    default:
      return `${key}${operator}${sorted}`;
  }
}

export const everything: LabelSelectorMatcher = new Matcher([]);
export const nothing: LabelSelectorMatcher = new Matcher([], true);

/** `field: Invalid value: "x": message` */
const fault = (field: string, value: string, messages: readonly string[]): string =>
  `${field}: Invalid value: ${JSON.stringify(value)}: ${messages.join("; ")}`;

/** What is wrong with a requirement, worded as upstream's constructor does. */
function requirementFaults({ key, operator, values }: LabelRequirement): string[] {
  const faults: string[] = [];
  const keyMessages = qualifiedName(key);
  if (keyMessages.length > 0) faults.push(fault("key", key, keyMessages));
  const list = JSON.stringify(values);
  if ((operator === "in" || operator === "notin") && values.length === 0) {
    faults.push(`values: Invalid value: ${list}: for 'in', 'notin' operators, values set can't be empty`);
  }
  if ((operator === "exists" || operator === "!") && values.length > 0) {
    faults.push(`values: Invalid value: ${list}: values set must be empty for exists and does not exist`);
  }
  if (operator === "gt" || operator === "lt") {
    for (const [i, value] of values.entries()) {
      if (!integer.test(value)) faults.push(fault(`values[${i}]`, value, ["for 'Gt', 'Lt' operators, the value must be an integer"]));
    }
  }
  for (const [i, value] of values.entries()) {
    const messages = labelValue(value);
    if (messages.length > 0) faults.push(fault(`values[${i}][${key}]`, value, messages));
  }
  return faults;
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const faults = [...new Set(requirementFaults(requirement))];
  if (faults.length > 0) throw new Error(faults.length === 1 ? (faults[0] as string) : `[${faults.join(", ")}]`);
  return requirement;
}

/** Reads `app=web,tier in (a, b),!canary`. Throws {@link LabelSelectorError}. */
export function parseLabelSelector(text: string): LabelSelectorMatcher {
  if (text === "") return everything;
  return new Matcher(new SelectorParser(text).parse());
}

type Token = { readonly kind: "symbol" | "identifier" | "end" | "error"; readonly text: string };

const symbols = new Set([")", ",", "!", "==", "=", ">", "<", "!=", "("]);
const specialCharacters = "=!(),><";

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  // A zero byte ends the text, as it does in Go's lexer.
  const end = text.includes("\0") ? text.indexOf("\0") : text.length;
  for (;;) {
    while (at < end && " \t\r\n".includes(text[at] as string)) at++;
    if (at >= end) break;
    const start = at;
    if (specialCharacters.includes(text[at] as string)) {
      let longest = at;
      for (let to = at + 1; to <= end && specialCharacters.includes(text[to - 1] as string); to++) {
        if (symbols.has(text.slice(at, to))) longest = to;
        else if (longest > at) break;
      }
      at = longest;
      tokens.push({ kind: "symbol", text: text.slice(start, at) });
      continue;
    }
    while (at < end && !specialCharacters.includes(text[at] as string) && !" \t\r\n".includes(text[at] as string)) at++;
    tokens.push({ kind: "identifier", text: text.slice(start, at) });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

const binaryOperators: Record<string, LabelOperator> = { in: "in", notin: "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt" };

class SelectorParser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") return requirements;
      if (token.kind !== "identifier" && token.text !== "!") {
        throw new LabelSelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      try {
        requirements.push(this.#requirement());
      } catch (error) {
        throw new LabelSelectorError(`unable to parse requirement: ${(error as Error).message}`);
      }
      const after = this.#next();
      if (after.kind === "end") return requirements;
      if (after.text !== ",") throw new LabelSelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const ahead = this.#peek();
      if (ahead.kind !== "identifier" && ahead.text !== "!") {
        throw new LabelSelectorError(`found '${ahead.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#next();
    const negated = token.text === "!";
    if (negated) token = this.#next();
    if (token.kind !== "identifier") throw new Error(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const messages = qualifiedName(key);
    if (messages.length > 0) throw new Error(fault("<nil>", key, messages));
    const ahead = this.#peek();
    if (negated) return checked({ key, operator: "!", values: [] });
    if (ahead.kind === "end" || ahead.text === ",") return checked({ key, operator: "exists", values: [] });
    const found = this.#next();
    const operator = Object.hasOwn(binaryOperators, found.text) ? binaryOperators[found.text] : undefined;
    if (operator === undefined) throw new Error(`found '${found.text}', expected: in, notin, =, ==, !=, gt, lt`);
    const values = operator === "in" || operator === "notin" ? this.#values() : [this.#value()];
    return checked({ key, operator, values: [...new Set(values)].sort() });
  }

  #value(): string {
    const ahead = this.#peek();
    if (ahead.kind === "end" || ahead.text === ",") return "";
    const token = this.#next();
    if (token.kind !== "identifier") throw new Error(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#next();
    if (open.text !== "(") throw new Error(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.text === ")") {
      this.#next();
      return [""];
    }
    if (first.kind !== "identifier" && first.text !== ",") throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
    const values: string[] = [];
    for (;;) {
      const token = this.#next();
      const ahead = this.#peek();
      if (token.kind === "identifier") {
        values.push(token.text);
        if (ahead.text !== "," && ahead.text !== ")") throw new Error(`found '${ahead.text}', expected: ',' or ')'`);
      } else if (token.text === ",") {
        if (values.length === 0 || ahead.text === ")" || ahead.text === ",") values.push("");
      } else throw new Error(`found '${token.text}', expected: ',', or identifier`);
      if (ahead.text === ")") {
        this.#next();
        return values;
      }
    }
  }
}

const objectOperators: Record<string, LabelOperator> = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" };

/**
 * The matcher of a LabelSelector: an absent one matches nothing, an empty one everything. Throws an Error in upstream's
 * words for one that is invalid.
 */
export function labelSelectorMatcher(selector: LabelSelector | undefined | null): LabelSelectorMatcher {
  if (selector === undefined || selector === null) return nothing;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push(checked({ key, operator: "=", values: [value] }));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(objectOperators, operator) ? (objectOperators[operator] as LabelOperator) : undefined;
    if (known === undefined) throw new Error(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push(checked({ key, operator: known, values: values ?? [] }));
  }
  return requirements.length === 0 ? everything : new Matcher(requirements);
}

/** The matcher of a plain set of labels (a Service's or a ReplicationController's selector): empty matches everything. */
export function labelSetMatcher(labels: Labels | undefined): LabelSelectorMatcher {
  return new Matcher(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] })));
}

/** Field errors of a LabelSelector. */
export function validateLabelSelector(
  selector: LabelSelector | undefined | null,
  path: FieldPath,
  options: { allowInvalidValues?: boolean } = {},
): FieldError[] {
  if (selector === undefined || selector === null) return [];
  const errors: FieldError[] = [];
  const labels = path.child("matchLabels");
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    for (const message of qualifiedName(key)) errors.push(invalidField(labels, key, message, "format=k8s-label-key"));
    for (const message of labelValue(value)) errors.push(invalidField(labels, value, message, "format=k8s-label-value"));
  }
  for (const [i, expression] of (selector.matchExpressions ?? []).entries()) {
    errors.push(...validateRequirement(expression, path.child("matchExpressions").index(i), options.allowInvalidValues ?? false));
  }
  return errors;
}

function validateRequirement(r: LabelSelectorRequirement, path: FieldPath, allowInvalidValues: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const values = r.values ?? [];
  if (r.operator === "In" || r.operator === "NotIn") {
    if (values.length === 0) errors.push(required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (r.operator === "Exists" || r.operator === "DoesNotExist") {
    if (values.length > 0)
      errors.push(forbiddenField(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else errors.push(invalidField(path.child("operator"), r.operator, "not a valid selector operator"));
  for (const message of qualifiedName(r.key)) errors.push(invalidField(path.child("key"), r.key, message, "format=k8s-label-key"));
  if (allowInvalidValues) return errors;
  for (const [i, value] of values.entries()) {
    for (const message of labelValue(value)) errors.push(invalidField(path.child("values").index(i), value, message));
  }
  return errors;
}
