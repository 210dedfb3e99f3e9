/** What a CRD's schema may say, beyond being structural (`apiextensions/validation`, `ValidateCustomResourceDefinitionOpenAPISchema`). */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";
import { schemaAt } from "../../schema/structural/schema-path.ts";
import type { CrdOptions } from "./options.ts";
import { hasUnknownType, schemaTypes } from "./options.ts";
import { internalItems } from "./internal-form.ts";
import { cardinalityBelow, type RuleChecks } from "./validation-rules.ts";

/** Where in the schema we are. */
interface Place {
  readonly root: boolean;
  readonly insideMeta: boolean;
  /** Why a default may not stand here. */
  readonly noDefaults?: string;
  /** Where the rules of expressions are gathered; undefined where they are not looked at. */
  readonly rules: RuleChecks | undefined;
  readonly cardinality: bigint | undefined;
  readonly uncorrelatable: FieldPath | undefined;
}

/** Faults of the form go to `errors`; those of expressions are gathered by `rules`, where it is given. */
export function validateSchemaTree(
  schema: JSONSchemaProps,
  path: FieldPath,
  options: CrdOptions,
  errors: FieldError[],
  rules?: RuleChecks,
): void {
  const place: Place = { root: true, insideMeta: false, rules, cardinality: 1n, uncorrelatable: undefined };
  visit(schema, path, place, options, errors);
}

const metaFields: readonly string[] = ["metadata", "kind", "apiVersion"];

function visit(schema: JSONSchemaProps | undefined | null, path: FieldPath, place: Place, options: CrdOptions, errors: FieldError[]): void {
  if (schema === undefined || schema === null) return;
  const before = errors.length;
  const deeper: Place = { ...place, root: false, cardinality: cardinalityBelow(schema, place.cardinality) };
  // Alternatives have no rules of their own to be looked at.
  const inner: Place = { ...place, root: false, rules: undefined };
  const into = (part: JSONSchemaProps | undefined | null, at: FieldPath, where: Place = inner): void =>
    visit(part, at, where, options, errors);
  checkVocabulary(schema, path, place, options, errors);
  if (schema.uniqueItems === true) {
    const why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbiddenField(path.child("uniqueItems"), why));
  }
  const { additionalProperties: additional, properties = {}, items } = schema;
  const at = path.child("additionalProperties");
  if (additional !== undefined && Object.keys(properties).length > 0 && additional !== true) {
    errors.push(forbiddenField(at, "additionalProperties and properties are mutual exclusive"));
  }
  if (typeof additional === "object") {
    into(additional, at, place.insideMeta ? { ...deeper, noDefaults: "inside additionalProperties applying to object metadata" } : deeper);
  }
  for (const [name, property] of Object.entries(properties))
    into(property, path.child("properties").key(name), { ...placeOf(name, schema, place, path), cardinality: deeper.cardinality });
  into(schema.not, path.child("not"));
  for (const junctor of ["allOf", "oneOf", "anyOf"] as const) schema[junctor]?.forEach((s, i) => into(s, path.child(junctor).index(i)));
  for (const [name, s] of Object.entries(schema.definitions ?? {})) into(s, path.child("definitions").key(name));
  const item = schema["x-kubernetes-list-type"] === "map" ? deeper : { ...deeper, uncorrelatable: place.uncorrelatable ?? path };
  if (Array.isArray(items)) items.forEach((s, i) => into(s, path.child("items").index(i), item));
  else into(items, path.child("items"), item);
  for (const [name, s] of Object.entries(schema.dependencies ?? {})) {
    if (!Array.isArray(s)) into(s, path.child("dependencies").key(name));
  }
  checkExtensions(schema, path, options, errors);
  // Where the form is wrong, here or below, expressions would be told of types that nobody meant.
  if (errors.length === before && (schema["x-kubernetes-validations"] ?? []).length > 0) place.rules?.node(schema, path, place);
}

function placeOf(name: string, schema: JSONSchemaProps, around: Place, path: FieldPath): Place {
  const mapType = schema["x-kubernetes-map-type"] ?? "granular";
  const correlatable = mapType === "granular" || mapType === "atomic";
  const place: Place = correlatable ? around : { ...around, uncorrelatable: around.uncorrelatable ?? path };
  const isMeta = (place.root || schema["x-kubernetes-embedded-resource"] === true) && metaFields.includes(name);
  if (!isMeta) return { ...place, root: false };
  return { ...place, root: false, insideMeta: true, ...(place.root ? { noDefaults: `in top-level ${name}` } : {}) };
}

const unsupported = ["additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const;

function checkVocabulary(schema: JSONSchemaProps, path: FieldPath, place: Place, options: CrdOptions, errors: FieldError[]): void {
  const { type = "" } = schema;
  if (options.requireKnownTypes && hasUnknownType(schema)) errors.push(notSupported(path.child("type"), type, schemaTypes));
  if (schema.default !== undefined && schema.default !== null && place.noDefaults !== undefined) {
    errors.push(forbiddenField(path.child("default"), `must not be set ${place.noDefaults}`));
  }
  if (schema.id) errors.push(forbiddenField(path.child("id"), "id is not supported"));
  for (const name of unsupported) {
    const value = schema[name];
    const isEmptyMap = typeof value === "object" && name !== "additionalItems" && Object.keys(value).length === 0;
    if (value !== undefined && !isEmptyMap) errors.push(forbiddenField(path.child(name), `${name} is not supported`));
  }
  if (type === "null") errors.push(forbiddenField(path.child("type"), "type cannot be set to null, use nullable as an alternative"));
  if (Array.isArray(schema.items) && schema.items.length > 0) {
    errors.push(forbiddenField(path.child("items"), "items must be a schema object and not an array"));
  }
  if (place.insideMeta && schema["x-kubernetes-embedded-resource"] === true) {
    errors.push(forbiddenField(path.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"));
  }
}

function checkExtensions(schema: JSONSchemaProps, path: FieldPath, options: CrdOptions, errors: FieldError[]): void {
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    errors.push(invalidField(path.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
  }
  checkTypeOf("x-kubernetes-map-type", "object", ["atomic", "granular"], schema, path, errors);
  const isArray = checkListType(schema, path, errors);
  if (isArray && options.requireAtomicSets) checkSetItems(schema, path, errors);
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType)) {
    errors.push(notSupported(path.child("x-kubernetes-list-type"), listType, ["atomic", "set", "map"]));
  }
  checkMapList(schema, path, errors);
  if (options.requireMapKeys) checkMapKeys(schema, path, errors);
  schema["x-kubernetes-validations"]?.forEach((rule, i) => {
    checkRule(rule, schema, path.child("x-kubernetes-validations").index(i), errors);
  });
}

type TypeExtension = "x-kubernetes-map-type" | "x-kubernetes-list-type";

function checkTypeOf(
  name: TypeExtension,
  type: string,
  supported: readonly string[],
  schema: JSONSchemaProps,
  path: FieldPath,
  errors: FieldError[],
): void {
  const value = schema[name];
  if (value === undefined) return;
  requireType(schema, type, name, path, errors);
  if (!supported.includes(value)) errors.push(notSupported(path.child(name), value, supported));
}

function requireType(schema: JSONSchemaProps, type: string, name: TypeExtension, path: FieldPath, errors: FieldError[]): boolean {
  if (schema.type === type) return true;
  const why = `must be ${type} if ${name} is specified`;
  errors.push(schema.type ? invalidField(path.child("type"), schema.type, why) : required(path.child("type"), why));
  return false;
}

/** False when the list type stands on something else. */
function checkListType(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): boolean {
  if (schema["x-kubernetes-list-type"] === undefined) return false;
  return requireType(schema, "array", "x-kubernetes-list-type", path, errors);
}

function itemsOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return Array.isArray(schema.items) ? undefined : (schema.items ?? undefined);
}

function checkSetItems(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const items = itemsOf(schema);
  if (schema["x-kubernetes-list-type"] !== "set" || items === undefined) return;
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items["x-kubernetes-list-type"];
  const at = path.child("items");
  if (items.type === "array" && listType !== undefined && listType !== "atomic") {
    errors.push(invalidField(at.child("x-kubernetes-list-type"), listType, why));
  }
  // Upstream prints the list type here too.
  if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic") {
    errors.push(invalidField(at.child("x-kubernetes-map-type"), listType, why));
  }
}

function checkMapList(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const listType = schema["x-kubernetes-list-type"];
  if (keys.length > 0 && listType !== "map") {
    const at = path.child("x-kubernetes-list-type");
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(listType === undefined ? required(at, why) : invalidField(at, listType, why));
  }
  if (listType !== "map") return;
  const at = path.child("x-kubernetes-list-map-keys");
  if (keys.length === 0) errors.push(required(at, "must not be empty if x-kubernetes-list-type is map"));
  const where = path.child("items");
  if (schema.items === undefined) errors.push(required(where, "must have a schema if x-kubernetes-list-type is map"));
  if (Array.isArray(schema.items) || schema.items === null) {
    errors.push(invalidField(where, internalItems(schema.items), "must only have a single schema if x-kubernetes-list-type is map"));
  }
  const items = itemsOf(schema);
  if (items === undefined) return;
  if (items.type !== "object") {
    errors.push(invalidField(where.child("type"), items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map"));
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const type = items.properties?.[key]?.type;
    if (items.properties?.[key] === undefined) errors.push(invalidField(at, keys, "entries must all be names of item properties"));
    else if (type === "array" || type === "object") {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalidField(where.child("properties").key(key).child("type"), items.type, why));
    }
    if (seen.has(key)) errors.push(invalidField(at, keys, "must not contain duplicate entries"));
    seen.add(key);
  }
}

/** Keys of a map list have to be there. */
function checkMapKeys(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const items = itemsOf(schema);
  const listType = schema["x-kubernetes-list-type"];
  if (items === undefined || (listType !== "set" && listType !== "map")) return;
  const at = path.child("items");
  if (items.nullable === true) {
    errors.push(forbiddenField(at.child("nullable"), `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  }
  if (listType === "set") return;
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    const property = items.properties?.[key];
    if (property === undefined) continue;
    const here = at.child("properties").key(key);
    if (items.required?.includes(key) !== true && property.default === undefined) {
      const why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
      errors.push(required(here.child("default"), why));
    }
    if (property.nullable === true) {
      errors.push(forbiddenField(here.child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"));
    }
  }
}

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

type Rule = NonNullable<JSONSchemaProps["x-kubernetes-validations"]>[number];

const lineBreak = /[\n\r]/;

/** The form of a validation rule. */
function checkRule(rule: Rule, schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const { message = "", messageExpression = "", reason, fieldPath = "" } = rule;
  const text = rule.rule.trim();
  const shown = message.trim();
  if (text === "") errors.push(required(path.child("rule"), "rule is not specified"));
  else if (message !== "" && shown === "") errors.push(invalidField(path.child("message"), message, "must be non-empty if specified"));
  else if (lineBreak.test(shown)) errors.push(invalidField(path.child("message"), message, "must not contain line breaks"));
  else if (lineBreak.test(text) && shown === "") {
    errors.push(required(path.child("message"), "message must be specified if rule contains line breaks"));
  }
  if (messageExpression !== "" && messageExpression.trim() === "") {
    errors.push(required(path.child("messageExpression"), "messageExpression must be non-empty if specified"));
  }
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(path.child("reason"), reason, reasons));
  if (fieldPath === "") return;
  const at = path.child("fieldPath");
  if (fieldPath.trim() === "") errors.push(invalidField(at, fieldPath, "must be non-empty if specified"));
  if (lineBreak.test(fieldPath)) errors.push(invalidField(at, fieldPath, "must not contain line breaks"));
  if ("fault" in schemaAt(fieldPath, schema, true)) errors.push(invalidField(at, fieldPath, "must be a valid path"));
}
