/** Defaults in a schema have to fit the schema they stand in. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { invalidField } from "../../schema/field-error.ts";
import { RUNTIME_BUDGET } from "../../lang/cel/index.ts";
import { validateEmbeddedMeta } from "../object-meta.ts";
import { validateEmbedded } from "../../schema/structural/custom-resource.ts";
import { prune } from "../../schema/structural/prune.ts";
import { evaluateRules } from "../../schema/structural/rules/evaluate-rules.ts";
import { buildRules } from "../../schema/structural/rules/rule-tree.ts";
import { compileSchema } from "../../schema/structural/schema.ts";
import { validateAgainstSchema } from "../../schema/structural/validate.ts";
import type { JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";

export function validateSchemaDefaults(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  visit(schema, path, true, false, errors, { left: RUNTIME_BUDGET });
}

/** What the rules over all defaults of a schema may still cost. */
interface Budget {
  left: number;
}

const metaFields: readonly string[] = ["metadata", "kind", "apiVersion"];

function visit(schema: JSONSchemaProps, path: FieldPath, root: boolean, insideMeta: boolean, errors: FieldError[], budget: Budget): void {
  if (budget.left < 0) return;
  const embedded = root || schema["x-kubernetes-embedded-resource"] === true;
  const inside = insideMeta && !embedded;
  if (schema.default !== undefined && schema.default !== null)
    checkDefault(schema, embedded, path.child("default"), inside, errors, budget);
  if (schema.items && !Array.isArray(schema.items)) visit(schema.items, path.child("items"), false, inside, errors, budget);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isMeta = embedded && metaFields.includes(name);
    visit(property, path.child("properties").key(name), false, inside || isMeta, errors, budget);
  }
}

function checkDefault(
  schema: JSONSchemaProps,
  root: boolean,
  path: FieldPath,
  insideMeta: boolean,
  errors: FieldError[],
  budget: Budget,
): void {
  const value: unknown = schema.default;
  const text = JSON.stringify(value);
  if (!insideMeta) {
    // Pruned as the field of an object, for values that are lists.
    const gone = prune({ value: JSON.parse(text) as unknown }, compileSchema({ type: "object", properties: { value: schema } }));
    if (gone.length > 0) errors.push(invalidField(path, value, "must not have unknown fields"));
  }
  const resource = compileSchema(root ? { ...schema, "x-kubernetes-embedded-resource": true } : schema);
  const unnamed = insideMeta ? [] : validateEmbedded(value, resource, path, validateEmbeddedMeta);
  errors.push(...unnamed);
  if (unnamed.length > 0) return;
  const misfits = validateAgainstSchema(value, compileSchema(schema), undefined, path);
  errors.push(...misfits);
  if (misfits.length === 0) errors.push(...ruleErrors(schema, root, value, path, budget));
}

/** A default must do on update, beside itself, and on create, beside nothing. The dearer of the two counts. */
function ruleErrors(schema: JSONSchemaProps, root: boolean, value: unknown, path: FieldPath, budget: Budget): FieldError[] {
  const rules = buildRules(schema, root);
  if (rules === undefined) return [];
  const kept = evaluateRules(rules, value, path, { old: value, budget: budget.left });
  const made = kept.errors.length === 0 ? evaluateRules(rules, value, path, { budget: budget.left }) : undefined;
  budget.left = Math.min(kept.budget, made?.budget ?? kept.budget);
  return [...kept.errors, ...(made?.errors ?? [])];
}
