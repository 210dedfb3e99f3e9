/**
 * Writes `src/schema/table/rows.json` and `src/schema/table/resources.json`: the facts of every type and resource as compact
 * text, one line a type, parsed line by line on first use (see `src/schema/scheme.ts` for what a row means).
 *
 * Input: `facts/go-types.json` (fields in Go's order with their Go types, embedded structs), `facts/protobuf-fields.json`
 * (numbers), `facts/openapi-types.json` (list types, patch strategies, enums, defaults), `facts/resources.json` and
 * `facts/table-columns.json`. Run by `npm run generate`; a test proves that the result is fresh.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

type Json = Record<string, unknown>;
/** [JSON name, Go type and options, Go's name of the type when it differs, embedded structs on the way]. */
type GoField = [string, string, (string | 0)?, string?];
interface GoType {
  go: string;
  fields?: GoField[];
}
interface OpenApiType extends Json {
  required?: string[];
  properties?: Record<string, Json>;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}
interface ResourceFact extends Json {
  group: string;
  version: string;
  resource: string;
}

const facts = new URL("../facts/", import.meta.url);
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, facts), "utf8")) as T;

/** What the OpenAPI property of a field would be if nothing but its Go type decided. */
function plainProperty(shape: string, required: boolean): Json {
  const [go, ...options] = shape.split(" ") as [string, ...string[]];
  const omit = options.includes("omitempty");
  const property = plainType(go, false);
  const zero = zeroDefault(go);
  if (zero !== undefined && (required || !omit || typeof zero === "object")) return { ...property, default: zero };
  return property;
}

const specials = /\.(Time|MicroTime|Quantity|IntOrString|RawExtension|FieldsV1|JSON|JSONSchemaPropsOr\w+)$/;

function zeroDefault(go: string): unknown {
  if (go === "string") return "";
  if (go === "bool") return false;
  if (/^(u?int\d+|float64)$/.test(go)) return 0;
  if (go.startsWith("io.k8s.") && !specials.test(go)) return {};
  return undefined;
}

function plainType(go: string, element: boolean): Json {
  const simple: Record<string, Json> = {
    string: { type: "string" },
    bool: { type: "boolean" },
    int32: { type: "integer", format: "int32" },
    int64: { type: "integer", format: "int64" },
    uint32: { type: "integer", format: "int64" },
    float64: { type: "number", format: "double" },
    bytes: { type: "string", format: "byte" },
  };
  if (go.startsWith("*")) return plainType(go.slice(1), false);
  if (go.startsWith("[]")) return { type: "array", items: plainType(go.slice(2), true) };
  if (go.startsWith("map[string]")) return { type: "object", additionalProperties: plainType(go.slice(11), true) };
  const zero = element ? zeroDefault(go) : undefined;
  const type = simple[go] ?? { $ref: go };
  return zero === undefined ? { ...type } : { ...type, default: zero };
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );

const kubernetesKeys: Record<string, string> = {
  "x-kubernetes-list-type": "lt",
  "x-kubernetes-list-map-keys": "lk",
  "x-kubernetes-map-type": "mt",
  "x-kubernetes-patch-strategy": "ps",
  "x-kubernetes-patch-merge-key": "mk",
  enum: "en",
};

/** The part of a field's row that comes from OpenAPI; `p` is there only when the property is not what the Go type implies. */
function openApiExtras(shape: string, property: Json | undefined, required: boolean): Json | undefined {
  if (property === undefined) return undefined;
  const extras: Json = {};
  const rest: Json = {};
  for (const [key, value] of Object.entries(property)) {
    const short = kubernetesKeys[key];
    if (short === undefined) rest[key] = value;
    else extras[short] = value;
  }
  if (required) extras["rq"] = 1;
  if (canonical(rest) !== canonical(plainProperty(shape, required))) extras["p"] = rest;
  return Object.keys(extras).length === 0 ? undefined : extras;
}

function protobufName(type: string): string {
  return type
    .replace(/^io\.k8s\./, "k8s.io.")
    .replace("apiextensions-apiserver", "apiextensions_apiserver")
    .replace("kube-aggregator", "kube_aggregator");
}

/** `.proto` names differ from JSON names in letter case and punctuation only. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9]/g, "").toLowerCase();

function typeLine(name: string, type: GoType, openapi: OpenApiType | undefined, protobuf: Record<string, [number, string]>): string {
  const numbers = new Map(Object.entries(protobuf).map(([k, v]) => [plain(k), v]));
  const embeds: [string, number, string, string][] = [];
  const fields = (type.fields ?? []).map(([field, shape, goName, path]) => {
    let embed = -1;
    if (path !== undefined) {
      const [protobuf, go, target] = (path.split(" ")[0] as string).split(":") as [string, string, string];
      embed = embeds.findIndex((e) => e[0] === protobuf);
      if (embed < 0) embed = embeds.push([protobuf, numbers.get(plain(protobuf))?.[0] ?? 0, go, target]) - 1;
    }
    const required = openapi?.required?.includes(field) ?? false;
    const extras = openApiExtras(shape, openapi?.properties?.[field], required);
    const [number, wire] = (embed < 0 ? numbers.get(plain(field)) : undefined) ?? [0, ""];
    // A list that the protobuf keeps in a message of its own, `items = 1`.
    const wrapped = shape.startsWith("[]string") && number > 0 && wire !== "repeated string" ? " wrapped" : "";
    const row: unknown[] = [field, shape + wrapped, number, goName ?? 0, embed, extras];
    if (extras === undefined) {
      row.pop();
      if (embed < 0) row.pop();
      if (row.length === 4 && row[3] === 0) row.pop();
    }
    return row;
  });
  const row: Json = { g: type.go, f: fields };
  if (embeds.length > 0) row["e"] = embeds;
  const gvks = openapi?.["x-kubernetes-group-version-kind"];
  if (gvks !== undefined) row["k"] = gvks.map((g) => [g.group, g.version, g.kind]);
  if (openapi !== undefined) {
    // Everything of the OpenAPI type but its fields, for publishing it.
    const { properties: _p, required: _r, "x-kubernetes-group-version-kind": _k, ...rest } = openapi;
    if (canonical(rest) !== `{"type":"object"}`) row["o"] = rest;
    if (openapi.required !== undefined) row["r"] = openapi.required;
  }
  return `${name}|${JSON.stringify(row)}`;
}

/** Long common prefixes of type names, written as one character each. Kept in step with `scheme.ts`. */
const prefixes: [string, string][] = [
  ["io.k8s.api.core.v1.", "@c"],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.", "@m"],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.", "@x"],
  ["io.k8s.apimachinery.pkg.", "@p"],
  ["io.k8s.api.", "@a"],
  ["x-kubernetes-", "@k"],
];

const jsonLines = (items: readonly unknown[]): string => `[\n${items.map((i) => JSON.stringify(i)).join(",\n")}\n]\n`;

/** The text of `src/schema/table/rows.json`. */
export function rowsSource(): string {
  const go = read<Record<string, GoType>>("go-types.json");
  const openapi = read<Record<string, OpenApiType>>("openapi-types.json");
  const protobuf = read<Record<string, Record<string, [number, string]>>>("protobuf-fields.json");
  const names = [...new Set([...Object.keys(go), ...Object.keys(openapi)])].sort();
  let text = names
    .map((n) => typeLine(n, go[n] ?? { go: n.split(".").slice(-2).join(".") }, openapi[n], protobuf[protobufName(n)] ?? {}))
    .join("\n");
  if (/[@'\\]/.test(text)) throw new Error("a row holds a character that has a meaning of its own");
  for (const [long, short] of prefixes) text = text.replaceAll(long, short);
  // Single quotes, so that the file needs no escapes.
  return jsonLines(text.replaceAll('"', "'").split("\n"));
}

/** The text of `src/schema/table/resources.json`. */
export function resourcesSource(): string {
  const resources = read<ResourceFact[]>("resources.json");
  const columns = read<Record<string, unknown[]>>("table-columns.json");
  const columnLines = Object.entries(columns).map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`);
  return `{"resources":${jsonLines(resources).trimEnd()},"columns":{\n${columnLines.join(",\n")}\n}}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dir = new URL("../src/schema/table/", import.meta.url);
  mkdirSync(dir, { recursive: true });
  writeFileSync(new URL("rows.json", dir), rowsSource());
  writeFileSync(new URL("resources.json", dir), resourcesSource());
}
