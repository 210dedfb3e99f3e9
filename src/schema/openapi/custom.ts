/** How a custom resource's schema is published: with kind, apiVersion and metadata, and for v2 without what v2 cannot say. */
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";
import { customModelName, type Dialect, modelName, type PublishedResource, reference } from "./published.ts";

type Json = Record<string, unknown>;

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const listMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

const apiVersionText =
  "APIVersion defines which version of the schema this object is written in; servers answer with the one they know best.";
const kindText = "The kind of this object, in camel case; it says which endpoint takes it, and cannot be changed.";

const described = (description: string): Json => ({ description, type: "string" });

function referTo(dialect: Dialect, name: string, description: string): Json {
  const $ref = reference(dialect, name);
  return dialect === "v2" ? { description, $ref } : { description, allOf: [{ $ref }] };
}

/** The schemas of a custom resource and of its list, by name. */
export function customSchemas(r: PublishedResource, dialect: Dialect): Record<string, Json> {
  const name = modelName(r);
  const gvk = (kind: string): Json[] => [{ group: r.group, kind, version: r.version }];
  const typeMeta = { apiVersion: described(apiVersionText), kind: described(kindText) };
  return {
    [name]: { ...objectSchema(r, dialect, typeMeta), "x-kubernetes-group-version-kind": gvk(r.kind), ...selectable(r) },
    [customModelName(r, r.listKind)]: {
      description: `${r.listKind} is a list of ${r.kind}`,
      type: "object",
      required: ["items"],
      properties: {
        ...typeMeta,
        items: { description: `List of ${r.resource}.`, type: "array", items: { $ref: reference(dialect, name) } },
        metadata: referTo(dialect, listMeta, "What is true of the whole list."),
      },
      "x-kubernetes-group-version-kind": gvk(r.listKind),
      ...selectable(r),
    },
  };
}

function selectable({ selectableFields }: PublishedResource): Json {
  if (!selectableFields?.length) return {};
  return { "x-kubernetes-selectable-fields": selectableFields.map((fieldPath) => ({ fieldPath })) };
}

function objectSchema(r: PublishedResource, dialect: Dialect, typeMeta: Json): Json {
  const { schema } = r;
  if (schema === undefined) return { type: "object" };
  // v2 clients reject unknown fields: an object that keeps them must not be spelled out.
  if (dialect === "v2" && schema["x-kubernetes-preserve-unknown-fields"] === true) {
    return { type: "object" };
  }
  const published = dialect === "v2" ? toV2(schema) : toV3(schema);
  const metadata = referTo(dialect, objectMeta, "Standard object's metadata: what every object has.");
  return { ...published, properties: { ...(published["properties"] as Json | undefined), ...typeMeta, metadata } };
}

const mapValues = <V, W>(record: Record<string, V>, convert: (value: V) => W): Record<string, W> =>
  Object.fromEntries(
    Object.entries(record)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, convert(value)]),
  );

/** Parts that are left out because nothing reads them from here. */
const unpublished = new Set(["$schema", "$ref", "id", "definitions", "patternProperties", "dependencies", "additionalItems"]);

function convert(schema: JSONSchemaProps, inner: (s: JSONSchemaProps) => Json): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || value === null || unpublished.has(key)) continue;
    switch (key) {
      case "properties":
        result[key] = mapValues(value as Record<string, JSONSchemaProps>, inner);
        break;
      case "items":
      case "not":
        result[key] = Array.isArray(value) ? value.map(inner) : inner(value as JSONSchemaProps);
        break;
      case "additionalProperties":
        result[key] = typeof value === "object" ? inner(value as JSONSchemaProps) : value;
        break;
      case "allOf":
      case "anyOf":
      case "oneOf":
        result[key] = (value as JSONSchemaProps[]).map(inner);
        break;
      default:
        result[key] = value;
    }
  }
  return result;
}

function toV3(schema: JSONSchemaProps): Json {
  const result = convert(schema, toV3);
  if (schema["x-kubernetes-int-or-string"] === true && schema.anyOf === undefined && schema.allOf === undefined) {
    result["anyOf"] = [{ type: "integer" }, { type: "string" }];
  }
  return schema["x-kubernetes-embedded-resource"] === true ? embedded(result, "v3") : result;
}

function embedded(schema: Json, dialect: Dialect): Json {
  const required = new Set([...((schema["required"] as string[] | undefined) ?? []), "kind", "apiVersion"]);
  const metadata = referTo(dialect, objectMeta, "Standard object's metadata: what every object has.");
  const typeMeta = { apiVersion: described(apiVersionText), kind: described(kindText) };
  const properties = { ...(schema["properties"] as Json | undefined), ...typeMeta, metadata };
  return { ...schema, required: [...required], properties };
}

/** v2 has no alternatives, no nullable and no defaults; and its clients take what is listed for all that there may be. */
function toV2(schema: JSONSchemaProps): Json {
  const { allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, default: _default, ...rest } = schema;
  const result = convert(rest, toV2);
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (nullable || open) for (const key of ["items", "properties"]) delete result[key];
  if (nullable || (open && result["type"] === "object") || (result["type"] === "array" && result["items"] === undefined)) {
    delete result["type"];
  }
  dropNullableRequired(schema, result);
  return schema["x-kubernetes-embedded-resource"] === true && !open ? embedded(result, "v2") : result;
}

/** What may be null, and cannot be said to be, must not be asked for. */
function dropNullableRequired({ properties, additionalProperties }: JSONSchemaProps, result: Json): void {
  if (result["required"] === undefined) return;
  const kept = (result["required"] as string[]).filter((name) => result["properties"] === undefined || !properties?.[name]?.nullable);
  const values = typeof additionalProperties === "object" ? additionalProperties : undefined;
  if (kept.length === 0 || values?.nullable) delete result["required"];
  else result["required"] = kept;
}
