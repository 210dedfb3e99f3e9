/** OpenAPI schemas of the table's types, in both formats. */
import { type FieldRow, type Shape, type TypeRow, typeNames, typeRow } from "../scheme.ts";
import { type Descriptions, type Dialect, reference } from "./published.ts";

type Json = Record<string, unknown>;

const simple: Record<string, Json> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  uint32: { type: "integer", format: "int64" },
  float64: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
  any: { type: "object" },
};

/** The schema of one type. Group versions whose options and meta kinds it serves are listed by `groupVersions`. */
export function typeSchema(
  typeName: string,
  dialect: Dialect,
  descriptions: Descriptions,
  groupVersions: readonly { group: string; version: string }[],
): Json {
  const row = typeRow(typeName);
  const words = descriptions(typeName);
  const described = words.type === undefined ? {} : { description: words.type };
  const kinds = kindsOf(row, groupVersions);
  const extension = kinds.length === 0 ? {} : { "x-kubernetes-group-version-kind": kinds };
  if (row.special !== undefined || row.fields.length === 0) return { ...described, ...specialSchema(row, dialect), ...extension };
  const properties: Json = {};
  for (const field of row.fields.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const text = words.fields?.[field.name];
    properties[field.name] = {
      ...(text === undefined ? {} : { description: text }),
      ...fieldSchema(field, dialect, undocumented.has(typeName) && undocumented.get(typeName) !== field.name),
    };
  }
  return {
    ...described,
    type: "object",
    ...(row.required.length === 0 ? {} : { required: row.required }),
    properties,
    ...withoutType(row.openapi),
    ...extension,
  };
}

function withoutType(schema: Readonly<Json>): Json {
  const rest = { ...schema };
  delete rest["type"];
  return rest;
}

/** Types that are no object of their fields. OpenAPI v2 knows no unions. */
function specialSchema(row: TypeRow, dialect: Dialect): Json {
  const { oneOf, ...rest } = row.openapi as { oneOf?: unknown };
  if (dialect === "v3" || oneOf === undefined) return { ...row.openapi };
  return { type: "string", ...rest };
}

function kindsOf(row: TypeRow, groupVersions: readonly { group: string; version: string }[]): Json[] {
  const own = row.kinds.map(({ group, version, kind }) => ({ group, kind, version }));
  const [first] = own;
  if (first === undefined || !(first.kind === "DeleteOptions" || first.kind === "WatchEvent")) return own;
  const others = groupVersions.filter((gv) => gv.group !== "");
  return [...own, ...others.map((gv) => ({ group: gv.group, kind: first.kind, version: gv.version }))];
}

/** Types whose references upstream does not describe, with the fields that it does. */
const undocumented: ReadonlyMap<string, string | undefined> = new Map([
  ["io.k8s.api.networking.v1.IngressRule", undefined],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", "default"],
]);

function fieldSchema(field: FieldRow, dialect: Dialect, bare: boolean): Json {
  const property = field.openapi ?? impliedProperty(field);
  return {
    ...translate(property, dialect, !bare),
    ...(field.enum === undefined ? {} : { enum: field.enum }),
    ...(field.listKeys === undefined ? {} : { "x-kubernetes-list-map-keys": field.listKeys }),
    ...(field.listType === undefined ? {} : { "x-kubernetes-list-type": field.listType }),
    ...(field.mapType === undefined ? {} : { "x-kubernetes-map-type": field.mapType }),
    ...(field.patchMergeKey === undefined ? {} : { "x-kubernetes-patch-merge-key": field.patchMergeKey }),
    ...(field.patchStrategies.length === 0 ? {} : { "x-kubernetes-patch-strategy": field.patchStrategies.join(",") }),
  };
}

/** The zero that Go's value implies: what upstream publishes as the default. */
function zeroOf(shape: Shape): unknown {
  switch (shape.kind) {
    case "string":
      return "";
    case "bool":
      return false;
    case "int32":
    case "int64":
    case "uint32":
    case "float64":
      return 0;
    case "message":
      return typeRow(shape.type).special === undefined ? {} : undefined;
    default:
      return undefined;
  }
}

/** The property that the Go shape alone implies; kept in step with tools/generate-table.ts, which stores what differs. */
function impliedProperty(field: FieldRow): Json {
  const property = shapeSchema(field.shape, false);
  if (field.pointer) return property;
  const zero = zeroOf(field.shape);
  const isSet = zero !== undefined && (field.required || !field.omitEmpty || typeof zero === "object");
  return isSet ? { ...property, default: zero } : property;
}

function shapeSchema(shape: Shape, element: boolean): Json {
  if (shape.kind === "list") return { type: "array", items: shapeSchema(shape.item, true) };
  if (shape.kind === "map") return { type: "object", additionalProperties: shapeSchema(shape.value, true) };
  const type = shape.kind === "message" ? { $ref: shape.type } : { ...simple[shape.kind] };
  const zero = element ? zeroOf(shape) : undefined;
  return zero === undefined ? type : { ...type, default: zero };
}

/** Turns the table's form into a format's: references, and what may stand beside them. */
function translate(schema: Readonly<Json>, dialect: Dialect, isProperty = false): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "items" || key === "additionalProperties") result[key] = translate(value as Json, dialect);
    else if (key === "default" && dialect === "v2") continue;
    else if (key !== "$ref") result[key] = value;
  }
  const ref = schema["$ref"];
  if (typeof ref !== "string") return result;
  const target = { $ref: reference(dialect, ref) };
  if (dialect === "v2") return { ...result, ...target };
  // In v3 nothing may stand beside a reference; a property has a description beside it.
  return isProperty || "default" in result ? { ...result, allOf: [target] } : target;
}

/** The types that these types refer to, themselves included. */
export function closureOf(names: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const field of typeRow(name).fields) {
      let { shape } = field;
      while (shape.kind === "list" || shape.kind === "map") shape = shape.kind === "list" ? shape.item : shape.value;
      if (shape.kind === "message") visit(shape.type);
    }
  };
  for (const name of names) visit(name);
  return found;
}

/** Groups that upstream's client library does not know, hence not the documents of custom resources either. */
const serverOnly = new Set(["admission.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "imagepolicy.k8s.io"]);

/** The group versions that documents of custom resources list for delete options. */
export function clientGroupVersions(): { group: string; version: string }[] {
  return tableGroupVersions().filter((gv) => !serverOnly.has(gv.group));
}

/** Group versions that upstream still decodes options of, though it serves none of their kinds any longer (or never did). */
const onlyRegistered = `
admission.k8s.io/v1 admission.k8s.io/v1beta1 apiextensions.k8s.io/v1beta1 apiregistration.k8s.io/v1beta1 apps/v1beta1
apps/v1beta2 authentication.k8s.io/v1alpha1 authentication.k8s.io/v1beta1 authorization.k8s.io/v1beta1 batch/v1beta1
discovery.k8s.io/v1beta1 events.k8s.io/v1beta1 extensions/v1beta1 flowcontrol.apiserver.k8s.io/v1beta1
flowcontrol.apiserver.k8s.io/v1beta2 flowcontrol.apiserver.k8s.io/v1beta3 imagepolicy.k8s.io/v1alpha1 node.k8s.io/v1alpha1
node.k8s.io/v1beta1 policy/v1beta1 rbac.authorization.k8s.io/v1alpha1 rbac.authorization.k8s.io/v1beta1
scheduling.k8s.io/v1beta1 storage.k8s.io/v1alpha1`;

/** Every group version that delete options and watch events may be written in, sorted, but the core group's. */
export function tableGroupVersions(): { group: string; version: string }[] {
  const found = new Set(onlyRegistered.trim().split(/\s+/));
  for (const name of typeNames()) {
    for (const { group, version } of typeRow(name).kinds) if (group !== "") found.add(`${group}/${version}`);
  }
  return [...found].sort().map((text) => {
    const [group, version] = text.split("/") as [string, string];
    return { group, version };
  });
}
