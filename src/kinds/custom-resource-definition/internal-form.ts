/** Parts of definitions as upstream's own types have them, which is how its messages print values (`apis/apiextensions`). */
import type { CustomResourceDefinitionVersion, JSONSchemaProps, ValidationRule } from "../../schema/types/apiextensions-v1.ts";

/** The versions as Go prints them: null where none are given. */
export function internalVersions(versions: readonly CustomResourceDefinitionVersion[] | undefined | null): unknown {
  return versions === undefined || versions === null
    ? null
    : versions.map((v) => ({
        Name: v.name ?? "",
        Served: v.served ?? false,
        Storage: v.storage ?? false,
        Deprecated: v.deprecated ?? false,
        DeprecationWarning: v.deprecationWarning ?? null,
        Schema: v.schema ? { OpenAPIV3Schema: optional(v.schema.openAPIV3Schema, internalSchema) } : null,
        Subresources: optional(v.subresources, internalSubresources),
        AdditionalPrinterColumns: list(v.additionalPrinterColumns, internalColumn),
        SelectableFields: list(v.selectableFields, ({ jsonPath }) => ({ JSONPath: jsonPath })),
      }));
}

function optional<T>(value: T | undefined | null, print: (value: T) => unknown): unknown {
  return value === undefined || value === null ? null : print(value);
}

/** An empty list is null: it was none when it was read. */
function list<T>(values: readonly T[] | undefined | null, print: (value: T) => unknown): unknown {
  return values && values.length > 0 ? values.map(print) : null;
}

/** Go prints maps by their sorted keys. */
function map<T>(values: { readonly [key: string]: T } | undefined | null, print: (value: T) => unknown): unknown {
  if (!values || Object.keys(values).length === 0) return null;
  const sorted = Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, value]) => [key, print(value)]));
}

const same = (value: unknown): unknown => value;

type Subresources = NonNullable<CustomResourceDefinitionVersion["subresources"]>;
type Column = NonNullable<CustomResourceDefinitionVersion["additionalPrinterColumns"]>[number];

function internalSubresources({ status, scale }: Subresources): unknown {
  return {
    Status: optional(status, () => ({})),
    Scale: optional(scale, (s) => ({
      SpecReplicasPath: s.specReplicasPath,
      StatusReplicasPath: s.statusReplicasPath,
      LabelSelectorPath: s.labelSelectorPath ?? null,
    })),
  };
}

function internalColumn(column: Column): unknown {
  return {
    Name: column.name,
    Type: column.type,
    Format: column.format ?? "",
    Description: column.description ?? "",
    Priority: column.priority ?? 0,
    JSONPath: column.jsonPath,
  };
}

export function internalSchema(s: JSONSchemaProps): unknown {
  return {
    ID: s.id ?? "",
    Schema: s.$schema ?? "",
    Ref: s.$ref ?? null,
    Description: s.description ?? "",
    Type: s.type ?? "",
    Nullable: s.nullable ?? false,
    Format: s.format ?? "",
    Title: s.title ?? "",
    Default: s.default ?? null,
    Maximum: s.maximum ?? null,
    ExclusiveMaximum: s.exclusiveMaximum ?? false,
    Minimum: s.minimum ?? null,
    ExclusiveMinimum: s.exclusiveMinimum ?? false,
    MaxLength: s.maxLength ?? null,
    MinLength: s.minLength ?? null,
    Pattern: s.pattern ?? "",
    MaxItems: s.maxItems ?? null,
    MinItems: s.minItems ?? null,
    UniqueItems: s.uniqueItems ?? false,
    MultipleOf: s.multipleOf ?? null,
    Enum: list(s.enum, same),
    MaxProperties: s.maxProperties ?? null,
    MinProperties: s.minProperties ?? null,
    Required: list(s.required, same),
    Items: optional(s.items, internalItems),
    AllOf: list(s.allOf, internalSchema),
    OneOf: list(s.oneOf, internalSchema),
    AnyOf: list(s.anyOf, internalSchema),
    Not: optional(s.not, internalSchema),
    Properties: map(s.properties, internalSchema),
    AdditionalProperties: optional(s.additionalProperties, schemaOrBool),
    PatternProperties: map(s.patternProperties, internalSchema),
    Dependencies: map(s.dependencies, (d) =>
      Array.isArray(d) ? { Schema: null, Property: d } : { Schema: internalSchema(d), Property: null },
    ),
    AdditionalItems: optional(s.additionalItems, schemaOrBool),
    Definitions: map(s.definitions, internalSchema),
    ExternalDocs: optional(s.externalDocs, (docs) => ({ Description: docs.description ?? "", URL: docs.url ?? "" })),
    Example: s.example ?? null,
    XPreserveUnknownFields: s["x-kubernetes-preserve-unknown-fields"] ?? null,
    XEmbeddedResource: s["x-kubernetes-embedded-resource"] ?? false,
    XIntOrString: s["x-kubernetes-int-or-string"] ?? false,
    XListMapKeys: list(s["x-kubernetes-list-map-keys"], same),
    XListType: s["x-kubernetes-list-type"] ?? null,
    XMapType: s["x-kubernetes-map-type"] ?? null,
    XValidations: list(s["x-kubernetes-validations"], internalRule),
  };
}

/** Null of what was given and is no schema. */
export function internalItems(items: NonNullable<JSONSchemaProps["items"]> | null): unknown {
  if (items === null) return { Schema: null, JSONSchemas: [] };
  return Array.isArray(items)
    ? { Schema: null, JSONSchemas: items.map(internalSchema) }
    : { Schema: internalSchema(items), JSONSchemas: null };
}

function schemaOrBool(value: JSONSchemaProps | boolean): unknown {
  return typeof value === "boolean" ? { Allows: value, Schema: null } : { Allows: true, Schema: internalSchema(value) };
}

export function internalRule(rule: ValidationRule): unknown {
  return {
    Rule: rule.rule,
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}
