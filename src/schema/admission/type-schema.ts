/** Schemas of the table's types with everything that they refer to in place, as expressions are checked against. */
import type { JsonSchema } from "../../lang/cel/index.ts";
import { noDescriptions, reference } from "../openapi/published.ts";
import { typeSchema } from "../openapi/schemas.ts";

type Json = Record<string, unknown>;

const prefix = reference("v2", "");

/** What is inside of itself is any value from there on. */
const anything: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** The schema of a type of the table. */
export function wholeTypeSchema(typeName: string): JsonSchema {
  return expand(typeName, []);
}

/** A string or a number, which no expression's type is: upstream's checks do not know fields of it. */
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

function expand(typeName: string, around: readonly string[]): JsonSchema {
  if (typeName === quantity) return {};
  if (around.includes(typeName)) return anything;
  return resolve(typeSchema(typeName, "v2", noDescriptions, []), [...around, typeName]);
}

function resolve(schema: Json, around: readonly string[]): JsonSchema {
  const ref = schema["$ref"];
  if (typeof ref === "string") return expand(ref.slice(prefix.length), around);
  if (schema["format"] === "int-or-string") return { "x-kubernetes-int-or-string": true };
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(isObject(properties)
      ? { properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, resolve(v as Json, around)])) }
      : {}),
    ...(isObject(items) ? { items: resolve(items, around) } : {}),
    ...(isObject(additionalProperties) ? { additionalProperties: resolve(additionalProperties, around) } : {}),
  };
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
