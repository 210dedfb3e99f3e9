/** The selectors of access reviews: what is wrong with them, and what of them authorizers can be asked. */
import { labelValue, qualifiedName } from "../core/names.ts";
import { type FieldError, type FieldPath, forbiddenField, invalidField, required } from "../schema/field-error.ts";
import { fieldSelector, type FieldRequirement, FieldSelectorError, parseFieldSelector } from "../schema/field-selector.ts";
import { LabelSelectorError, parseLabelSelector } from "../schema/label-selector.ts";

interface Requirement {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly values?: readonly string[] | undefined;
}

interface Selector {
  readonly rawSelector?: string | undefined;
  readonly requirements?: readonly Requirement[] | undefined;
}

/** Operators that are not known are let pass: newer clients may know them. */
export function validateSelector(kind: "field" | "label", selector: Selector | undefined, path: FieldPath): FieldError[] {
  if (selector === undefined) return [];
  const errors: FieldError[] = [];
  const { rawSelector = "", requirements = [] } = selector;
  if (rawSelector !== "" && requirements.length > 0) {
    errors.push(invalidField(path.child("rawSelector"), rawSelector, "may not specified at the same time as requirements"));
  }
  if (rawSelector === "" && requirements.length === 0) {
    errors.push(required(path.child("requirements"), `when ${path.toString()} is specified, requirements or rawSelector is required`));
  }
  requirements.forEach((requirement, i) => errors.push(...validateRequirement(kind, requirement, path.child("requirements").index(i))));
  return errors;
}

function validateRequirement(kind: "field" | "label", { key = "", operator, values = [] }: Requirement, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (kind === "field" && key === "") errors.push(required(path.child("key"), "must be specified"));
  if ((operator === "In" || operator === "NotIn") && values.length === 0) {
    errors.push(required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
    errors.push(forbiddenField(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  if (kind === "field") return errors;
  for (const message of qualifiedName(key)) errors.push(invalidField(path.child("key"), key, message));
  values.forEach((value, i) => {
    for (const message of labelValue(value)) errors.push(invalidField(path.child("values").index(i), value, message));
  });
  return errors;
}

/** What is said of a selector of which only some, or nothing, is used. */
function ignored(kind: "field" | "label", left: number): string {
  return `spec.resourceAttributes.${kind}Selector ${left > 0 ? "partially " : ""}ignored due to parse error`;
}

/** The field selector as text. What cannot be said, or read, is left out: what is asked is then wider, never narrower. */
export function fieldSelectorOf(selector: Selector | undefined, faults: string[]): string | undefined {
  if (selector === undefined) return undefined;
  const { rawSelector, requirements = [] } = selector;
  if (requirements.length > 0) {
    const known = requirements.flatMap(({ key = "", operator, values = [] }): FieldRequirement[] =>
      values.length === 1 && (operator === "In" || operator === "NotIn")
        ? [{ field: key, op: operator === "In" ? "=" : "!=", value: values[0] as string }]
        : [],
    );
    if (known.length < requirements.length) faults.push(ignored("field", known.length));
    return known.length === 0 ? undefined : fieldSelector(known).toString();
  }
  if (!rawSelector) return undefined;
  try {
    parseFieldSelector(rawSelector);
    return rawSelector;
  } catch (error) {
    if (!(error instanceof FieldSelectorError)) throw error;
    faults.push(ignored("field", 0));
    return undefined;
  }
}

/** The label selector as text; see {@link fieldSelectorOf}. */
export function labelSelectorOf(selector: Selector | undefined, faults: string[]): string | undefined {
  if (selector === undefined) return undefined;
  const { rawSelector, requirements = [] } = selector;
  if (requirements.length > 0) {
    const known = requirements.flatMap(({ key = "", operator, values = [] }): string[] => {
      if (operator === "In" || operator === "NotIn") return [`${key} ${operator.toLowerCase()} (${values.join(",")})`];
      if (operator === "Exists") return [key];
      return operator === "DoesNotExist" ? [`!${key}`] : [];
    });
    if (known.length < requirements.length) faults.push(ignored("label", known.length));
    return known.length === 0 ? undefined : known.join(",");
  }
  if (!rawSelector) return undefined;
  try {
    parseLabelSelector(rawSelector);
    return rawSelector;
  } catch (error) {
    if (!(error instanceof LabelSelectorError)) throw error;
    faults.push(ignored("label", 0));
    return undefined;
  }
}
