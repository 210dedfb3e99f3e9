/** Whether an object has its schema's shape already: the common case, which then needs no copy. */
import { metaFields, schemaOfKey, type StructuralSchema } from "./schema.ts";

type JsonObject = Record<string, unknown>;

/**
 * True only where pruning, dropping nulls and defaulting would change nothing. False may be said in error, of schemas that
 * say something about `metadata`.
 */
export function isShaped(object: JsonObject, schema: StructuralSchema): boolean {
  return shaped(object, schema, true);
}

function shaped(value: unknown, schema: StructuralSchema | undefined, root: boolean): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return shapedItems(value, schema);
  if (schema === undefined) return Object.keys(value).length === 0;
  const object = value as JsonObject;
  for (const { name } of schema.defaulted) if (!Object.hasOwn(object, name)) return false;
  const isResource = root || schema.embeddedResource;
  for (const key of Object.keys(object)) {
    const inner = schemaOfKey(schema, key);
    const child = object[key];
    if (child === null && inner !== undefined && !inner.nullable) return false;
    if (isResource && metaFields.has(key)) {
      if (inner !== undefined && inner.properties.size > 0) return false;
      continue;
    }
    if (inner === undefined && schema.additionalProperties === undefined) {
      if (schema.preserveUnknownFields) continue;
      return false;
    }
    if (typeof child === "object" && !shaped(child, inner, false)) return false;
  }
  return true;
}

function shapedItems(items: readonly unknown[], schema: StructuralSchema | undefined): boolean {
  const inner = schema?.items;
  if (inner === undefined && schema?.preserveUnknownFields) return true;
  const nullIsDefault = inner?.defaultValue !== undefined && !inner.nullable;
  return items.every((item) => (item === null ? !nullIsDefault : shaped(item, inner, false)));
}
