/** What a JSON schema says of values in expressions: which CEL type they have and how large they may be. */
import { escapeFieldName } from "./field-names.ts";

/** The part of `JSONSchemaProps`, and of OpenAPI v3 schemas, that expressions see. */
export interface JsonSchema {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly nullable?: boolean | undefined;
  readonly properties?: { readonly [name: string]: JsonSchema } | undefined;
  readonly items?: JsonSchema | readonly JsonSchema[] | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly required?: readonly string[] | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly maxProperties?: number | undefined;
  readonly "x-kubernetes-int-or-string"?: boolean | undefined;
  readonly "x-kubernetes-embedded-resource"?: boolean | undefined;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean | undefined;
  readonly "x-kubernetes-list-type"?: string | undefined;
  readonly "x-kubernetes-list-map-keys"?: readonly string[] | undefined;
  readonly "x-kubernetes-map-type"?: string | undefined;
}

/** A schema made ready for reading values. Its parts are made when they are asked for. */
export class ValueSchema {
  readonly source: JsonSchema;
  /** `int-or-string`, `preserved` (any value, only compared), `none` (no value fits), else the JSON type. */
  readonly kind: "int-or-string" | "object" | "array" | "string" | "number" | "integer" | "boolean" | "preserved" | "none";
  readonly nullable: boolean;
  readonly format: string;
  /** Set of an object with declared fields; a map of additional properties has none. */
  readonly properties: { readonly [name: string]: JsonSchema } | undefined;
  readonly listType: string;
  readonly listMapKeys: readonly string[];
  readonly #parts = new Map<string, ValueSchema | undefined>();
  #items: ValueSchema | undefined;
  #additional: ValueSchema | undefined;

  /** With `resource`, kind, apiVersion, metadata.name and metadata.generateName are there even where the schema is silent. */
  constructor(source: JsonSchema, resource: boolean = source["x-kubernetes-embedded-resource"] === true) {
    this.source = source;
    this.kind = kindOf(source);
    this.nullable = source.nullable === true;
    this.format = source.format ?? "";
    this.properties = resource && this.kind === "object" ? withTypeAndObjectMeta(source.properties) : source.properties;
    this.listType = source["x-kubernetes-list-type"] ?? "";
    this.listMapKeys = source["x-kubernetes-list-map-keys"] ?? [];
  }

  /** The schema of the value under this key, by its JSON name. */
  field(name: string): ValueSchema | undefined {
    if (this.properties === undefined) return this.additional;
    let found = this.#parts.get(name);
    if (found === undefined && !this.#parts.has(name)) {
      const own = Object.hasOwn(this.properties, name) ? this.properties[name] : undefined;
      found = own && new ValueSchema(own);
      // Names come from objects: what the schema does not know is not remembered.
      if (found) this.#parts.set(name, found);
    }
    return found;
  }

  get items(): ValueSchema | undefined {
    const { items } = this.source;
    if (this.#items === undefined && items && !Array.isArray(items)) this.#items = new ValueSchema(items as JsonSchema);
    return this.#items;
  }

  /** The schema of values of a map. */
  get additional(): ValueSchema | undefined {
    const { additionalProperties } = this.source;
    if (this.#additional === undefined && typeof additionalProperties === "object" && additionalProperties !== null) {
      this.#additional = new ValueSchema(additionalProperties);
    }
    return this.#additional;
  }

  /** The fields that expressions can name, under their escaped names. */
  *fields(): Iterable<readonly [escaped: string, schema: ValueSchema, name: string]> {
    for (const name of Object.keys(this.properties ?? {})) {
      const escaped = escapeFieldName(name);
      if (escaped !== undefined) yield [escaped, this.field(name) as ValueSchema, name];
    }
  }
}

function kindOf(source: JsonSchema): ValueSchema["kind"] {
  if (source["x-kubernetes-int-or-string"]) return "int-or-string";
  switch (source.type) {
    case "object":
    case "array":
    case "string":
    case "number":
    case "integer":
    case "boolean":
      return source.type;
    default:
      return source["x-kubernetes-preserve-unknown-fields"] ? "preserved" : "none";
  }
}

const STRING: JsonSchema = { type: "string" };
const META: JsonSchema = { type: "object", properties: { name: STRING, generateName: STRING } };

function withTypeAndObjectMeta(properties: JsonSchema["properties"]): JsonSchema["properties"] {
  const own = (name: string, of = properties): JsonSchema | undefined => (of && Object.hasOwn(of, name) ? of[name] : undefined);
  const metadata = own("metadata");
  const isString = (schema: JsonSchema | undefined): boolean => schema?.type === "string";
  const complete =
    isString(own("kind")) &&
    isString(own("apiVersion")) &&
    metadata?.type === "object" &&
    isString(own("name", metadata.properties)) &&
    isString(own("generateName", metadata.properties));
  return complete ? properties : { ...properties, kind: STRING, apiVersion: STRING, metadata: META };
}
