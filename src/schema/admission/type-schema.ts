/** Schemas of the table's types with everything that they refer to in place, as expressions are checked against. */
import type { JsonSchema } from "../../lang/cel/index.ts";
import { noDescriptions } from "../openapi/published.ts";
import { typeSchema } from "../openapi/schemas.ts";

type Json = Record<string, unknown>;

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
  const inside = [...around, typeName];
  return resolve(typeSchema(typeName, "v2", noDescriptions, []), (name) => expand(name, inside));
}

/** A schema of a document with what it refers to in place; `named`: the document's schemas. */
export function resolveReferences(schema: JsonSchema, named: (name: string) => JsonSchema | undefined): JsonSchema {
  const within =
    (around: readonly string[]) =>
    (name: string): JsonSchema => {
      const found = named(name);
      if (found === undefined || around.includes(name)) return anything;
      return resolve(found as Json, within([...around, name]));
    };
  return resolve(schema as Json, within([]));
}

type Expand = (name: string) => JsonSchema;

function resolve(schema: Json, expandName: Expand): JsonSchema {
  const ref = referenceOf(schema);
  if (ref !== undefined) return expandName(ref.slice(ref.lastIndexOf("/") + 1));
  if (schema["format"] === "int-or-string") return { "x-kubernetes-int-or-string": true };
  const { properties, items, additionalProperties } = schema;
  const parts = (of: Json): Json => Object.fromEntries(Object.entries(of).map(([name, part]) => [name, resolve(part as Json, expandName)]));
  return {
    ...schema,
    ...(isObject(properties) ? { properties: parts(properties) as Record<string, JsonSchema> } : {}),
    ...(isObject(items) ? { items: resolve(items, expandName) } : {}),
    ...(isObject(additionalProperties) ? { additionalProperties: resolve(additionalProperties, expandName) } : {}),
  };
}

/** A reference, alone or wrapped so that something may stand beside it. */
function referenceOf({ $ref, allOf }: Json): string | undefined {
  if (typeof $ref === "string") return $ref;
  const [first] = Array.isArray(allOf) && allOf.length === 1 ? (allOf as Json[]) : [];
  return typeof first?.["$ref"] === "string" ? first["$ref"] : undefined;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
