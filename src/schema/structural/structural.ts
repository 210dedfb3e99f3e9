/**
 * Whether a CRD's schema is structural: every field that value validations speak of is also specified outside of them, and
 * types are given where upstream wants them. Messages and their order are upstream's
 * (`apiextensions-apiserver/pkg/apiserver/schema`).
 */
import { describeFieldError, type FieldError, type FieldPath, forbiddenField, invalidField, required } from "../field-error.ts";
import { jsonEqual } from "../patch/tree.ts";
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";
import { patternError } from "./validate.ts";

type Level = "root" | "item" | "field";

/** Field errors at `path` (`spec.validation.openAPIV3Schema`), sorted; none when the schema is structural. */
export function validateStructural(schema: JSONSchemaProps, path: FieldPath): FieldError[] {
  const unsupported = unsupportedField(schema);
  if (unsupported !== undefined) return [invalidField(path, "", `OpenAPIV3Schema '${unsupported}' is not supported`)];
  const errors = [...invariants(schema, "root", path), ...completeness(schema, schema, path, path)];
  return errors.sort((a, b) => (describeFieldError(a) < describeFieldError(b) ? -1 : 1));
}

const unsupportedNames = ["id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"] as const;

/** A part of JSON schema that CRDs may not use, anywhere in the schema. */
function unsupportedField(schema: JSONSchemaProps): string | undefined {
  for (const name of unsupportedNames) {
    const value = schema[name];
    if (value !== undefined && value !== "" && !(typeof value === "object" && Object.keys(value ?? {}).length === 0)) {
      return name === "$schema" ? "schema" : name;
    }
  }
  for (const inner of parts(schema)) {
    const found = unsupportedField(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function* parts(schema: JSONSchemaProps): Iterable<JSONSchemaProps> {
  yield* Object.values(schema.properties ?? {});
  for (const list of [schema.allOf, schema.anyOf, schema.oneOf]) yield* list ?? [];
  if (schema.not) yield schema.not;
  const items = itemsOf(schema);
  if (items !== undefined) yield items;
  const additional = additionalOf(schema);
  if (additional !== undefined) yield additional;
}

function itemsOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return schema.items && !Array.isArray(schema.items) ? schema.items : undefined;
}

function additionalOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof schema.additionalProperties === "object" && schema.additionalProperties !== null ? schema.additionalProperties : undefined;
}

const hasAdditional = (schema: JSONSchemaProps): boolean =>
  schema.additionalProperties !== undefined && schema.additionalProperties !== null;

const intOrStringAlternatives = [{ type: "integer" }, { type: "string" }];

function invariants(schema: JSONSchemaProps, level: Level, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const items = itemsOf(schema);
  if (schema.type === "array" && items === undefined) errors.push(required(path.child("items"), "must be specified"));
  if (items !== undefined) errors.push(...invariants(items, "item", path.child("items")));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...invariants(property, "field", path.child("properties").key(name)));
  }
  if (hasAdditional(schema)) {
    const at = path.child("additionalProperties");
    if (level === "root") errors.push(forbiddenField(at, "must not be used at the root"));
    const additional = additionalOf(schema);
    if (additional !== undefined) errors.push(...invariants(additional, "field", at));
  }
  errors.push(...extensionErrors(schema, path));
  const skipAnyOf = jsonEqual(schema.anyOf, intOrStringAlternatives);
  const skipFirstAllOf = jsonEqual(schema.allOf?.[0]?.anyOf, intOrStringAlternatives);
  errors.push(...valueErrors(schema, skipAnyOf, skipFirstAllOf, path));
  errors.push(...typeErrors(schema, level, path), ...metadataErrors(schema, level, path));
  return errors;
}

function extensionErrors(schema: JSONSchemaProps, path: FieldPath): FieldError[] {
  if (!schema["x-kubernetes-int-or-string"]) return [];
  return (["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    .filter((name) => schema[name])
    .map((name) => invalidField(path.child(name), true, "must be false if x-kubernetes-int-or-string is true"));
}

const emptyTypes: Record<Level, string> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function typeErrors(schema: JSONSchemaProps, level: Level, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const type = schema.type ?? "";
  const at = path.child("type");
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const preserve = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (embedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(at, why) : invalidField(at, type, why));
  } else if (type === "" && !schema["x-kubernetes-int-or-string"] && !preserve) errors.push(required(at, emptyTypes[level]));
  if (embedded && hasAdditional(schema)) {
    errors.push(forbiddenField(path.child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"));
  }
  if (level === "root" && type !== "" && type !== "object") errors.push(invalidField(at, type, "must be object at the root"));
  if (embedded && !preserve && Object.keys(schema.properties ?? {}).length === 0) {
    const why = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    errors.push(required(path.child("properties"), why));
  }
  return errors;
}

function metadataErrors(schema: JSONSchemaProps, level: Level, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const properties = schema.properties ?? {};
  const check = level === "root" || schema["x-kubernetes-embedded-resource"] === true;
  const at = (name: string): FieldPath => path.child("properties").key(name);
  for (const name of ["kind", "apiVersion"]) {
    const property = properties[name];
    if (check && property !== undefined && property.type !== "string") {
      errors.push(invalidField(at(name).child("type"), property.type ?? "", "must be string"));
    }
  }
  const metadata = properties["metadata"];
  if (metadata === undefined) return errors;
  if (check && metadata.type !== "object") errors.push(invalidField(at("metadata").child("type"), metadata.type ?? "", "must be object"));
  if (level === "root") {
    const names = Object.keys(metadata.properties ?? {});
    const { type: _t, properties: _p, default: _d, description: _c, ...rest } = metadata;
    const onlyNames = names.every((n) => n === "name" || n === "generateName");
    if (!onlyNames || Object.values(rest).some((v) => v !== undefined && !(Array.isArray(v) && v.length === 0)) || metadata.description) {
      errors.push(
        forbiddenField(at("metadata"), "must not specify anything other than name and generateName, but metadata is implicitly specified"),
      );
    }
  }
  return errors;
}

function valueErrors(schema: JSONSchemaProps, skipAnyOf: boolean, skipFirstAllOf: boolean, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!skipAnyOf) for (const [i, s] of (schema.anyOf ?? []).entries()) errors.push(...nestedErrors(s, false, path.child("anyOf").index(i)));
  for (const [i, s] of (schema.allOf ?? []).entries())
    errors.push(...nestedErrors(s, skipFirstAllOf && i === 0, path.child("allOf").index(i)));
  for (const [i, s] of (schema.oneOf ?? []).entries()) errors.push(...nestedErrors(s, false, path.child("oneOf").index(i)));
  if (schema.not) errors.push(...nestedErrors(schema.not, false, path.child("not")));
  if (schema.pattern) {
    const fault = patternError(schema.pattern);
    if (fault !== undefined) {
      errors.push(invalidField(path.child("pattern"), schema.pattern, `must be a valid regular expression, but isn't: ${fault}`));
    }
  }
  return errors;
}

/** What a schema under a junctor may not say, and how upstream puts it. */
const forbiddenNested: readonly (readonly [keyof JSONSchemaProps, string])[] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

function nestedErrors(schema: JSONSchemaProps, skipAnyOf: boolean, path: FieldPath): FieldError[] {
  const errors = valueErrors(schema, skipAnyOf, false, path);
  const items = itemsOf(schema);
  if (items !== undefined) errors.push(...nestedErrors(items, false, path.child("items")));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...nestedErrors(property, false, path.child("properties").key(name)));
  }
  for (const [name, why] of forbiddenNested) {
    const value = schema[name];
    const isSet = value !== undefined && value !== null && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);
    if (isSet) errors.push(forbiddenField(path.child(name), why));
  }
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, "metadata")) {
    errors.push(forbiddenField(path.child("properties").key("metadata"), "must not be specified in a nested context"));
  }
  return errors;
}

/** Every part of `nested` must be specified in `schema` too. */
function completeness(nested: JSONSchemaProps, schema: JSONSchemaProps | undefined, schemaPath: FieldPath, path: FieldPath): FieldError[] {
  if (schema === undefined) return [required(schemaPath, `because it is defined in ${path}`)];
  const errors: FieldError[] = [];
  const visit = (inner: JSONSchemaProps, at: FieldPath): void => {
    errors.push(...nestedCompleteness(inner, schema, schemaPath, at));
  };
  if (nested.not) visit(nested.not, path.child("not"));
  for (const junctor of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [i, inner] of (nested[junctor] ?? []).entries()) visit(inner, path.child(junctor).index(i));
  }
  return errors;
}

function nestedCompleteness(
  nested: JSONSchemaProps,
  schema: JSONSchemaProps | undefined,
  schemaPath: FieldPath,
  path: FieldPath,
): FieldError[] {
  if (schema === undefined) return [required(schemaPath, `because it is defined in ${path}`)];
  const errors = completeness(nested, schema, schemaPath, path);
  const items = itemsOf(nested);
  if (items !== undefined) errors.push(...nestedCompleteness(items, itemsOf(schema), schemaPath.child("items"), path.child("items")));
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const own = schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    errors.push(...nestedCompleteness(property, own, schemaPath.child("properties").key(name), path.child("properties").key(name)));
  }
  return errors;
}
