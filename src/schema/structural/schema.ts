/**
 * A CRD's `openAPIV3Schema`, made ready for use: properties in maps (so that no key is special), defaults and enums as they
 * are. One compiled schema serves pruning, defaulting and validation of every object of its version.
 */
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";

export interface StructuralSchema {
  readonly source: JSONSchemaProps;
  /** Upstream's list of JSON types: `integer,string` for an int-or-string. */
  readonly types: readonly string[];
  readonly properties: ReadonlyMap<string, StructuralSchema>;
  readonly items: StructuralSchema | undefined;
  /** `true`: any value, kept as it is. */
  readonly additionalProperties: StructuralSchema | boolean | undefined;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly nullable: boolean;
  /** Undefined where there is none. */
  readonly defaultValue: unknown;
  readonly allOf: readonly StructuralSchema[];
  readonly anyOf: readonly StructuralSchema[];
  readonly oneOf: readonly StructuralSchema[];
  readonly not: StructuralSchema | undefined;
  /** The properties that have a default. */
  readonly defaulted: readonly { readonly name: string; readonly schema: StructuralSchema }[];
  /** What there is in the schema or somewhere below: what there is not need not be looked for. */
  readonly within: Within;
}

interface Within {
  readonly defaults: boolean;
  readonly embedded: boolean;
  /** Lists of type set or map. */
  readonly keyedLists: boolean;
}

/** Compiles a schema. Unsupported parts (`$ref`, `patternProperties` …) are left to validation of the CRD, and ignored here. */
export function compileSchema(source: JSONSchemaProps): StructuralSchema {
  const items =
    source.items === undefined || source.items === null || Array.isArray(source.items) ? undefined : compileSchema(source.items);
  const additional = source.additionalProperties;
  const additionalProperties =
    typeof additional === "object" && additional !== null ? compileSchema(additional) : (additional ?? undefined);
  const properties = new Map(Object.entries(source.properties ?? {}).map(([name, p]) => [name, compileSchema(p)]));
  const parts = [
    ...properties.values(),
    ...(items ? [items] : []),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
  return {
    source,
    types: source["x-kubernetes-int-or-string"] ? ["integer", "string"] : source.type ? [source.type] : [],
    properties,
    items,
    additionalProperties,
    preserveUnknownFields: source["x-kubernetes-preserve-unknown-fields"] === true,
    embeddedResource: source["x-kubernetes-embedded-resource"] === true,
    nullable: source.nullable === true,
    defaultValue: source.default === null ? undefined : source.default,
    allOf: (source.allOf ?? []).map(compileSchema),
    anyOf: (source.anyOf ?? []).map(compileSchema),
    oneOf: (source.oneOf ?? []).map(compileSchema),
    not: source.not ? compileSchema(source.not) : undefined,
    defaulted: [...properties].flatMap(([name, schema]) => (schema.defaultValue === undefined ? [] : [{ name, schema }])),
    within: withinOf(source, parts),
  };
}

function withinOf(source: JSONSchemaProps, parts: readonly StructuralSchema[]): Within {
  const listType = source["x-kubernetes-list-type"];
  return {
    defaults: (source.default !== undefined && source.default !== null) || parts.some((p) => p.within.defaults),
    embedded: source["x-kubernetes-embedded-resource"] === true || parts.some((p) => p.within.embedded),
    keyedLists: listType === "set" || listType === "map" || parts.some((p) => p.within.keyedLists),
  };
}

/** The schema of a key: its own, else that of additional properties; undefined when there is none. */
export function schemaOfKey(schema: StructuralSchema, key: string): StructuralSchema | undefined {
  const own = schema.properties.get(key);
  if (own !== undefined) return own;
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

/** `kind`, `apiVersion` and `metadata`, which every resource has without saying so. */
export const metaFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
