/** Removes what a schema does not know, and nulls that it does not allow. Both change the object in place. */
import { metaFields, schemaOfKey, type StructuralSchema } from "./schema.ts";

type JsonObject = Record<string, unknown>;

/**
 * Prunes a whole custom resource and returns the paths that went, sorted: `spec.foo`, `spec.list[0].bar`. Fields of
 * `metadata` are not looked at here.
 */
export function prune(object: JsonObject, schema: StructuralSchema): string[] {
  const gone: string[] = [];
  visit(object, schema, "", true, gone);
  return gone.sort();
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function visit(value: unknown, schema: StructuralSchema | undefined, path: string, root: boolean, gone: string[]): void {
  if (schema?.preserveUnknownFields) {
    visitPreserved(value, schema, path, root, gone);
    return;
  }
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) visit(item, schema?.items, `${path}[${i}]`, false, gone);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const object = value as JsonObject;
  for (const key of Object.keys(object)) {
    if (schema === undefined) {
      gone.push(join(path, key));
      delete object[key];
      continue;
    }
    if ((root || schema.embeddedResource) && metaFields.has(key)) continue;
    const own = schema.properties.get(key);
    if (own !== undefined) visit(object[key], own, join(path, key), false, gone);
    else if (schema.additionalProperties !== undefined) visit(object[key], schemaOfKey(schema, key), join(path, key), false, gone);
    else {
      gone.push(join(path, key));
      delete object[key];
    }
  }
}

/** Keeps everything at this level; what the schema does specify below is pruned all the same. */
function visitPreserved(value: unknown, schema: StructuralSchema | undefined, path: string, root: boolean, gone: string[]): void {
  if (schema === undefined || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) visitPreserved(item, schema.items, `${path}[${i}]`, false, gone);
    return;
  }
  const object = value as JsonObject;
  for (const key of Object.keys(object)) {
    if ((root || schema.embeddedResource) && metaFields.has(key)) continue;
    const own = schema.properties.get(key);
    if (own !== undefined) visit(object[key], own, join(path, key), false, gone);
    else if (schema.additionalProperties !== undefined) visit(object[key], schemaOfKey(schema, key), join(path, key), false, gone);
  }
}

/** Removes nulls that are neither nullable nor about to be defaulted. */
export function pruneNulls(value: unknown, schema: StructuralSchema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) pruneNulls(item, schema?.items);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const object = value as JsonObject;
  for (const key of Object.keys(object)) {
    const inner = schema === undefined ? undefined : schemaOfKey(schema, key);
    if (object[key] === null && inner !== undefined && !inner.nullable && inner.defaultValue === undefined) delete object[key];
    else pruneNulls(object[key], inner);
  }
}
