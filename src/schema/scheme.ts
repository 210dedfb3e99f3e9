/**
 * The one table of types. `table/rows.json` holds a line of text for every type of Kubernetes v1.36 (generated from facts);
 * {@link typeRow} parses a line when it is first asked for. The codecs, patches, OpenAPI and explain are engines over it.
 */
import type { GroupVersionKind } from "./object.ts";
import discovered from "./table/resources.json" with { type: "json" };
import rows from "./table/rows.json" with { type: "json" };

/** The Go shape of a value. `any` is an interface: any JSON. */
export type Shape =
  | { readonly kind: "string" | "bool" | "int32" | "int64" | "uint32" | "float64" | "bytes" | "any" }
  | { readonly kind: "message"; readonly type: string }
  /** `wrapped`: protobuf keeps the list in a message of its own (`items = 1`). */
  | { readonly kind: "list"; readonly item: Shape; readonly wrapped: boolean }
  | { readonly kind: "map"; readonly value: Shape };

/** Types whose JSON is not an object of their fields. */
export type SpecialType =
  | "Quantity"
  | "Time"
  | "MicroTime"
  | "IntOrString"
  | "RawExtension"
  | "FieldsV1"
  | "JSON"
  | "JSONSchemaPropsOrArray"
  | "JSONSchemaPropsOrBool"
  | "JSONSchemaPropsOrStringArray";

export interface FieldRow {
  readonly name: string;
  readonly shape: Shape;
  /** Go holds a pointer: a zero value is kept and absence differs from it. */
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  /** Go 1.24's `omitzero`: an empty struct is left out too. */
  readonly omitZero: boolean;
  /** Protobuf number; 0 when the field is not on the wire under its own number (kind, apiVersion, embedded fields). */
  readonly number: number;
  /** Go's name of the field's type as error messages print it: `v1.RestartPolicy`, `[]v1.Container`; pointers stripped. */
  readonly goType: string;
  /** The embedded struct that brings this field in. */
  readonly embed: EmbedRow | undefined;
  readonly required: boolean;
  readonly listType: "atomic" | "set" | "map" | undefined;
  readonly listKeys: readonly string[] | undefined;
  readonly mapType: "atomic" | "granular" | undefined;
  /** `merge`, `replace`, `retainKeys`. */
  readonly patchStrategies: readonly string[];
  readonly patchMergeKey: string | undefined;
  readonly enum: readonly unknown[] | undefined;
  /** The OpenAPI property where it is not what the Go shape implies. */
  readonly openapi: Readonly<Record<string, unknown>> | undefined;
}

/** An embedded struct: flat in JSON, a message of its own in protobuf. */
export interface EmbedRow {
  readonly number: number;
  readonly goName: string;
  readonly type: string;
}

export interface TypeRow {
  /** `io.k8s.api.core.v1.Pod` */
  readonly name: string;
  /** `v1.Pod` */
  readonly goName: string;
  readonly special: SpecialType | undefined;
  /** In the order of Go's struct, which is the order of the keys on the wire. */
  readonly fields: readonly FieldRow[];
  readonly byName: ReadonlyMap<string, FieldRow>;
  readonly embeds: readonly EmbedRow[];
  readonly kinds: readonly GroupVersionKind[];
  /** Names of required fields, in OpenAPI's order. */
  readonly required: readonly string[];
  /** OpenAPI facts of the type itself: map type, unions, format. */
  readonly openapi: Readonly<Record<string, unknown>>;
}

/** Long common prefixes of type names, written as two characters in the text. Kept in step with tools/generate-table.ts. */
const prefixes: Record<string, string> = {
  c: "io.k8s.api.core.v1.",
  m: "io.k8s.apimachinery.pkg.apis.meta.v1.",
  x: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.",
  p: "io.k8s.apimachinery.pkg.",
  a: "io.k8s.api.",
  k: "x-kubernetes-",
};
const expand = (text: string): string => text.replace(/@([cmxpak])/g, (_, c: string) => prefixes[c] as string);

const specialTypes: Record<string, SpecialType> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "Time",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "MicroTime",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "RawExtension",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "FieldsV1",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "JSON",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "JSONSchemaPropsOrArray",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "JSONSchemaPropsOrBool",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "JSONSchemaPropsOrStringArray",
};

let lines: Map<string, string> | undefined;

function linesByType(): Map<string, string> {
  if (lines === undefined) {
    lines = new Map();
    for (const line of rows) {
      const bar = line.indexOf("|");
      lines.set(expand(line.slice(0, bar)), line.slice(bar + 1));
    }
  }
  return lines;
}

/** Every type's full name. */
export function typeNames(): IterableIterator<string> {
  return linesByType().keys();
}

const parsed = new Map<string, TypeRow>();

/** The row of a type. Throws for a name that is not in the table. */
export function typeRow(typeName: string): TypeRow {
  const known = parsed.get(typeName);
  if (known !== undefined) return known;
  const line = linesByType().get(typeName);
  if (line === undefined) throw new Error(`type ${typeName} is not in the table`);
  const row = parseRow(typeName, JSON.parse(expand(line).replaceAll("'", '"')) as RawRow);
  parsed.set(typeName, row);
  return row;
}

export function hasType(typeName: string): boolean {
  return linesByType().has(typeName);
}

interface RawRow {
  g: string;
  f: RawField[];
  e?: [string, number, string, string][];
  k?: [string, string, string][];
  o?: Record<string, unknown>;
  r?: string[];
}
type RawField = [string, string, number, (string | 0)?, number?, RawExtras?];
interface RawExtras {
  lt?: "atomic" | "set" | "map";
  lk?: string[];
  mt?: "atomic" | "granular";
  ps?: string;
  mk?: string;
  en?: unknown[];
  rq?: 1;
  p?: Record<string, unknown>;
}

function parseRow(name: string, raw: RawRow): TypeRow {
  const embeds = (raw.e ?? []).map(([, number, goName, type]) => ({ number, goName, type }));
  const fields = raw.f.map((f) => parseField(f, embeds));
  return {
    name,
    goName: raw.g,
    special: specialTypes[name],
    fields,
    byName: new Map(fields.map((f) => [f.name, f])),
    embeds,
    kinds: (raw.k ?? []).map(([group, version, kind]) => ({ group, version, kind })),
    required: raw.r ?? [],
    openapi: raw.o ?? { type: "object" },
  };
}

function parseField([name, text, number, goName, embed, extras]: RawField, embeds: EmbedRow[]): FieldRow {
  const [go, ...options] = text.split(" ") as [string, ...string[]];
  const pointer = go.startsWith("*");
  const shape = parseShape(pointer ? go.slice(1) : go, options.includes("wrapped"));
  return {
    name,
    shape,
    pointer,
    omitEmpty: options.includes("omitempty"),
    omitZero: options.includes("omitzero"),
    number,
    goType: typeof goName === "string" ? goName.replace(/^\*/, "") : goTypeOf(shape),
    embed: embed === undefined || embed < 0 ? undefined : embeds[embed],
    required: extras?.rq === 1,
    listType: extras?.lt,
    listKeys: extras?.lk,
    mapType: extras?.mt,
    patchStrategies: extras?.ps?.split(",") ?? [],
    patchMergeKey: extras?.mk,
    enum: extras?.en,
    openapi: extras?.p,
  };
}

const scalars = new Set(["string", "bool", "int32", "int64", "uint32", "float64", "bytes"]);

function parseShape(go: string, wrapped: boolean): Shape {
  if (scalars.has(go)) return { kind: go as "string" };
  if (go === "any") return { kind: "any" };
  if (go.startsWith("*")) return parseShape(go.slice(1), false);
  if (go.startsWith("[]")) return { kind: "list", item: parseShape(go.slice(2), false), wrapped };
  // In a map's value protobuf knows no list: it is always in a message.
  if (go.startsWith("map[string]")) return { kind: "map", value: parseShape(go.slice(11), true) };
  return { kind: "message", type: go };
}

/** How Go prints a type without names of its own. */
export function goTypeOf(shape: Shape): string {
  switch (shape.kind) {
    case "bytes":
      return "[]uint8";
    case "any":
      return "interface {}";
    case "list":
      return `[]${goTypeOf(shape.item)}`;
    case "map":
      return `map[string]${goTypeOf(shape.value)}`;
    case "message":
      return shape.type.split(".").slice(-2).join(".");
    default:
      return shape.kind;
  }
}

export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A row of discovery. `responseKind.group` and `version` are empty when they are the resource's own. */
export interface ResourceRow {
  readonly group: string;
  readonly version: string;
  /** Upstream serves it without being asked to. */
  readonly servedByDefault: boolean;
  readonly resource: string;
  readonly singularResource: string;
  readonly responseKind: ResourceKind;
  readonly scope: "Namespaced" | "Cluster";
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly SubresourceRow[];
}

export interface SubresourceRow {
  readonly subresource: string;
  readonly responseKind: ResourceKind;
  readonly verbs: readonly string[];
}

/** name, type, format, priority */
export type ColumnRow = readonly [string, string, string, number];

const columns = discovered.columns as unknown as Readonly<Record<string, readonly ColumnRow[]>>;

/** Every resource of every group version, alpha and beta too, in the order of discovery. */
export const resourceRows: readonly ResourceRow[] = discovered.resources as readonly ResourceRow[];

/** The columns of `kubectl get` for a built-in resource; undefined for one that is not in the table. */
export function tableColumns(ref: { group: string; version: string; resource: string }): readonly ColumnRow[] | undefined {
  const key = ref.group === "" ? `${ref.resource}.${ref.version}` : `${ref.resource}.${ref.version}.${ref.group}`;
  return Object.hasOwn(columns, key) ? columns[key] : undefined;
}

let typesByKind: Map<string, string> | undefined;

/** Kinds of `meta.k8s.io/v1` that every group version knows. */
const metaKinds = new Set([
  "CreateOptions",
  "DeleteOptions",
  "GetOptions",
  "ListOptions",
  "PatchOptions",
  "UpdateOptions",
  "WatchEvent",
  "Status",
  "PartialObjectMetadata",
  "PartialObjectMetadataList",
  "Table",
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
  "APIVersions",
]);

const packagesOfGroups: Record<string, string> = {
  "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
  "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
  "meta.k8s.io": "io.k8s.apimachinery.pkg.apis.meta",
};

/** The package of a group version's types: `apps`, `v1` → `io.k8s.api.apps.v1`. */
function packageOf(group: string, version: string): string {
  const known = packagesOfGroups[group];
  if (known !== undefined) return `${known}.${version}`;
  const name =
    group === ""
      ? "core"
      : group
          .replace(/\.k8s\.io$/, "")
          .split(".")
          .pop();
  return `io.k8s.api.${name === "internal" ? "apiserverinternal" : name === "authorization" ? "rbac" : name}.${version}`;
}

const packageExceptions: Record<string, string> = {
  "authorization.k8s.io": "authorization",
  "rbac.authorization.k8s.io": "rbac",
  "flowcontrol.apiserver.k8s.io": "flowcontrol",
  "internal.apiserver.k8s.io": "apiserverinternal",
};

/** The type of a kind, the options and meta kinds of any group version included; undefined when the table has none. */
export function typeNameOf(gvk: GroupVersionKind): string | undefined {
  typesByKind ??= new Map();
  const key = `${gvk.group}/${gvk.version}/${gvk.kind}`;
  const known = typesByKind.get(key);
  if (known !== undefined) return known === "" ? undefined : known;
  const exception = packageExceptions[gvk.group];
  const own = `${exception === undefined ? packageOf(gvk.group, gvk.version) : `io.k8s.api.${exception}.${gvk.version}`}.${gvk.kind}`;
  let name = hasType(own) ? own : "";
  if (name === "" && metaKinds.has(gvk.kind)) name = `io.k8s.apimachinery.pkg.apis.meta.v1.${gvk.kind}`;
  typesByKind.set(key, name);
  return name === "" ? undefined : name;
}
