/**
 * What apply has to know of a type: may it be a scalar, a list, a map; is a list a set or does it have keys; is a container
 * one value (atomic) or does each part have its own owner. Built from OpenAPI schemas, which the table's types and CRDs both
 * have; parts are built when they are first walked. (KEP-555, structured-merge-diff's schema.)
 */
import { noDescriptions } from "../openapi/published.ts";
import { typeSchema } from "../openapi/schemas.ts";
import { hasType } from "../scheme.ts";
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";

export type ScalarType = "numeric" | "string" | "boolean" | "untyped";

/** A type; several of the three may be allowed, the value then decides. */
export interface Atom {
  readonly scalar: ScalarType | undefined;
  readonly list: ListAtom | undefined;
  readonly map: MapAtom | undefined;
}

export interface ListAtom {
  readonly atomic: boolean;
  /** Of a list that is not atomic: its keys; none for a set. */
  readonly keys: readonly string[];
  readonly element: () => Atom;
}

export interface MapAtom {
  readonly atomic: boolean;
  /** The fields of a struct. */
  readonly fields: ReadonlyMap<string, FieldAtom>;
  /** Of keys that are no field; undefined when there may be none. */
  readonly element: (() => Atom) | undefined;
  /** Nothing is known of its parts: changes of the schema cannot concern it. */
  readonly deduced: boolean;
}

export interface FieldAtom {
  readonly type: () => Atom;
  /** Stands in for an absent key of a list's item. */
  readonly defaultValue: unknown;
}

/** Any value; containers are one value. */
export const untypedAtomic: Atom = {
  scalar: "untyped",
  list: { atomic: true, keys: [], element: () => untypedAtomic },
  map: { atomic: true, fields: new Map(), element: () => untypedAtomic, deduced: false },
};

/** Any value; the parts of maps have owners of their own, lists are one value. */
export const deducedAtom: Atom = {
  scalar: "untyped",
  list: { atomic: true, keys: [], element: () => untypedAtomic },
  map: { atomic: false, fields: new Map(), element: () => deducedAtom, deduced: true },
};

const special: Readonly<Record<string, Atom>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { scalar: "untyped", list: undefined, map: undefined },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": untypedAtomic,
};

const builtIn = new Map<string, Atom>();

/** The atom of a type of the table, by its full name; undefined when the table has no such type. */
export function typeAtom(typeName: string): Atom | undefined {
  const known = special[typeName] ?? builtIn.get(typeName);
  if (known !== undefined || !hasType(typeName)) return known;
  const atom = schemaAtom(typeSchema(typeName, "v3", noDescriptions, []), false, undefined);
  builtIn.set(typeName, atom);
  return atom;
}

/** The atom of a custom resource: of its version's schema, with the metadata that every object has; deduced without a schema. */
export function customResourceAtom(schema: JSONSchemaProps | undefined, preserveUnknownFields = false): Atom {
  if (schema === undefined) return deducedAtom;
  const root = embedMeta(schema as Schema);
  return schemaAtom(root, preserveUnknownFields, undefined);
}

type Schema = Readonly<Record<string, unknown>>;

const metaReference = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };

function embedMeta(schema: Schema): Schema {
  if (schema["properties"] === undefined && schema["type"] === undefined) return schema;
  const meta = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: metaReference };
  return { ...schema, properties: { ...(schema["properties"] as Schema | undefined), ...meta } };
}

function schemaAtom(source: Schema, preserve: boolean, mapType: unknown): Atom {
  const schema = source["x-kubernetes-embedded-resource"] === true ? embedMeta(source) : source;
  const keep = preserve || schema["x-kubernetes-preserve-unknown-fields"] === true;
  const type = schema["type"] as string | undefined;
  const map = (): MapAtom => mapAtom(schema, keep, mapType);
  switch (type) {
    case undefined:
    case "":
      return { scalar: "untyped", list: listAtom(schema, keep), map: map() };
    case "object":
      return { scalar: undefined, list: undefined, map: map() };
    case "array":
      return { scalar: undefined, list: listAtom(schema, keep), map: undefined };
    default:
      return { scalar: scalarOf(type, schema["format"]), list: undefined, map: undefined };
  }
}

function scalarOf(type: string, format: unknown): ScalarType {
  if (type === "integer" || type === "number") return "numeric";
  if (type === "boolean") return "boolean";
  return type === "string" && (format === undefined || format === "" || format === "byte") ? "string" : "untyped";
}

function mapAtom(schema: Schema, preserve: boolean, mapType: unknown): MapAtom {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Schema>);
  const fields = new Map(properties.map(([name, p]) => [name, { type: refer(p, preserve), defaultValue: p["default"] }]));
  const additional = schema["additionalProperties"] as Schema | boolean | undefined | null;
  const open = additional === undefined || additional === null ? preserve || fields.size === 0 : additional;
  const element = typeof open === "object" ? refer(open, preserve) : open ? (): Atom => deducedAtom : undefined;
  const atomic = (mapType ?? schema["x-kubernetes-map-type"]) === "atomic";
  return { atomic, fields, element, deduced: open === true && fields.size === 0 };
}

function listAtom(schema: Schema, preserve: boolean): ListAtom {
  const items = schema["items"] as Schema | undefined;
  const element = items === undefined ? (): Atom => untypedAtomic : refer(items, preserve);
  const type = schema["x-kubernetes-list-type"];
  if (type === "map") return { atomic: false, keys: (schema["x-kubernetes-list-map-keys"] ?? []) as string[], element };
  if (type !== undefined) return { atomic: type !== "set", keys: [], element };
  const strategy = schema["x-kubernetes-patch-strategy"];
  if (strategy !== "merge" && strategy !== "merge,retainKeys") return { atomic: true, keys: [], element };
  const key = schema["x-kubernetes-patch-merge-key"];
  return { atomic: false, keys: typeof key === "string" ? [key] : [], element };
}

/** The type of a property or an item, resolved once and only when asked for. */
function refer(schema: Schema, preserve: boolean): () => Atom {
  let made: Atom | undefined;
  return () => (made ??= resolve(schema, preserve));
}

function resolve(schema: Schema, preserve: boolean): Atom {
  const alternatives = schema["allOf"] as Schema[] | undefined;
  const target = schema["$ref"] ?? (alternatives?.length === 1 ? alternatives[0]?.["$ref"] : undefined);
  if (typeof target !== "string") return schemaAtom(schema, preserve, undefined);
  const atom = typeAtom(target.slice(target.lastIndexOf("/") + 1)) ?? deducedAtom;
  const mapType = schema["x-kubernetes-map-type"];
  if (atom.map === undefined || (mapType !== "atomic" && mapType !== "granular")) return atom;
  return { ...atom, map: { ...atom.map, atomic: mapType === "atomic" } };
}

export type Form = "map" | "scalar" | "list";

/** Which of the forms that the type allows the value has; undefined when the value does not tell (absent, null, not allowed). */
export function formOf(atom: Atom, value: unknown): Form | undefined {
  if (value === undefined || value === null) return only(atom);
  if (Array.isArray(value)) return atom.list === undefined ? only(atom) : "list";
  if (typeof value === "object") return atom.map === undefined ? only(atom) : "map";
  return atom.scalar === undefined ? only(atom) : "scalar";
}

function only(atom: Atom): Form | undefined {
  if (atom.map !== undefined) return atom.scalar === undefined && atom.list === undefined ? "map" : undefined;
  if (atom.scalar !== undefined) return atom.list === undefined ? "scalar" : undefined;
  return atom.list === undefined ? undefined : "list";
}

/** The form that is handled where the value does not tell. */
export function firstForm(atom: Atom): Form {
  return atom.map !== undefined ? "map" : atom.scalar !== undefined ? "scalar" : "list";
}

/** The type of a key of a map; undefined when it may not be there. */
export function keyAtom(map: MapAtom, key: string): Atom | undefined {
  const field = map.fields.get(key);
  return field === undefined ? map.element?.() : field.type();
}
