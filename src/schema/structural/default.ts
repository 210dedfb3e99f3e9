/** Fills in a schema's defaults, in place. */
import { setOwn } from "../json-exact.ts";
import { mutable } from "../object.ts";
import { schemaOfKey, type StructuralSchema } from "./schema.ts";

/** Sets every absent property that has a default, and every null one that is not nullable. */
export function applyDefaults(value: unknown, schema: StructuralSchema | undefined): void {
  if (schema === undefined || !schema.within.defaults || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (value[i] === null && schema.items?.defaultValue !== undefined && !schema.items.nullable)
        value[i] = mutable(schema.items.defaultValue);
      applyDefaults(value[i], schema.items);
    }
    return;
  }
  const object = value as Record<string, unknown>;
  for (const { name, schema: property } of schema.defaulted) {
    const found = Object.hasOwn(object, name);
    if (!found || (object[name] === null && !property.nullable)) setOwn(object, name, mutable(property.defaultValue));
  }
  for (const key of Object.keys(object)) {
    const inner = schemaOfKey(schema, key);
    if (object[key] === null && inner !== undefined && !inner.nullable && inner.defaultValue !== undefined) {
      setOwn(object, key, mutable(inner.defaultValue));
    }
    applyDefaults(object[key], inner);
  }
}
