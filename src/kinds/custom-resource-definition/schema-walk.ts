import type { CustomResourceDefinitionSpec, JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";

/** A schema and every schema in it. */
export function* schemasIn(schema: JSONSchemaProps | null | undefined): Generator<JSONSchemaProps> {
  if (schema === undefined || schema === null) return;
  yield schema;
  for (const part of partsOf(schema)) yield* schemasIn(part);
}

function* partsOf(schema: JSONSchemaProps): Generator<JSONSchemaProps | undefined> {
  const { items, not, additionalProperties, additionalItems } = schema;
  if (Array.isArray(items)) yield* items;
  else yield items;
  for (const list of [schema.allOf, schema.anyOf, schema.oneOf]) yield* list ?? [];
  yield not;
  for (const map of [schema.properties, schema.patternProperties, schema.definitions]) yield* Object.values(map ?? {});
  for (const either of [additionalProperties, additionalItems]) if (typeof either === "object") yield either;
  for (const dependency of Object.values(schema.dependencies ?? {})) if (!Array.isArray(dependency)) yield dependency;
}

/** Every schema of every version. */
export function* schemasOf(spec: CustomResourceDefinitionSpec): Generator<JSONSchemaProps> {
  for (const version of spec.versions ?? []) yield* schemasIn(version.schema?.openAPIV3Schema);
}

export function someSchema(schemas: Iterable<JSONSchemaProps>, has: (schema: JSONSchemaProps) => boolean): boolean {
  for (const schema of schemas) if (has(schema)) return true;
  return false;
}
