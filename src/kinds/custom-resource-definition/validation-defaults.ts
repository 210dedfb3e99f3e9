/** Defaults in a schema have to fit the schema they stand in. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { invalidField } from "../../schema/field-error.ts";
import { prune } from "../../schema/structural/prune.ts";
import { compileSchema } from "../../schema/structural/schema.ts";
import { validateAgainstSchema } from "../../schema/structural/validate.ts";
import type { JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";

export function validateSchemaDefaults(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  visit(schema, path, true, false, errors);
}

const metaFields: readonly string[] = ["metadata", "kind", "apiVersion"];

function visit(schema: JSONSchemaProps, path: FieldPath, root: boolean, insideMeta: boolean, errors: FieldError[]): void {
  const embedded = root || schema["x-kubernetes-embedded-resource"] === true;
  const inside = insideMeta && !embedded;
  if (schema.default !== undefined && schema.default !== null) checkDefault(schema, path.child("default"), inside, errors);
  if (schema.items !== undefined && !Array.isArray(schema.items)) visit(schema.items, path.child("items"), false, inside, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isMeta = embedded && metaFields.includes(name);
    visit(property, path.child("properties").key(name), false, inside || isMeta, errors);
  }
}

function checkDefault(schema: JSONSchemaProps, path: FieldPath, insideMeta: boolean, errors: FieldError[]): void {
  const value: unknown = schema.default;
  const text = JSON.stringify(value);
  if (!insideMeta) {
    // Pruned as the field of an object, for values that are lists.
    const gone = prune({ value: JSON.parse(text) as unknown }, compileSchema({ type: "object", properties: { value: schema } }));
    if (gone.length > 0) errors.push(invalidField(path, value, "must not have unknown fields"));
  }
  errors.push(...validateAgainstSchema(value, compileSchema(schema), undefined, path));
}
