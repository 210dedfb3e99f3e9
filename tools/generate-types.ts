/**
 * Writes `src/schema/types/<group>-<version>.ts`: the static TypeScript type of every Kubernetes type and a
 * {@link ResourceRef} for every resource of that group version.
 *
 * Input: `facts/go-shape.json` (every field and its Go shape), `facts/openapi-types.json` (which fields are required),
 * `facts/resources.json` (discovery). Run by `npm run generate`; a test proves that the result is fresh.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

type Shapes = Record<string, Record<string, string>>;
interface OpenApiType {
  required?: string[];
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}
interface ResourceRow {
  group: string;
  version: string;
  resource: string;
  scope: "Namespaced" | "Cluster";
  responseKind: { group: string; version: string; kind: string };
}

const facts = new URL("../facts/", import.meta.url);
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, facts), "utf8")) as T;

/** Types whose JSON is not an object of their fields. */
const special: Record<string, string> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "string",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "string",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "string",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "Record<string, unknown>",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "unknown",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "number | string",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "unknown",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "JSONSchemaProps | JSONSchemaProps[]",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "JSONSchemaProps | boolean",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "JSONSchemaProps | string[]",
};

const scalars: Record<string, string> = {
  string: "string",
  int32: "number",
  int64: "number",
  uint32: "number",
  float64: "number",
  bool: "boolean",
  bytes: "string",
};

/** `io.k8s.api.core.v1.Pod` → file `core-v1`, name `Pod`. */
function locate(type: string): { file: string; name: string } {
  const parts = type.split(".");
  const name = parts.pop() as string;
  const version = parts.pop() as string;
  return { file: `${parts.pop()}-${version}`, name };
}

function main(): void {
  const shapes = read<Shapes>("go-shape.json");
  const openapi = read<Record<string, OpenApiType>>("openapi-types.json");
  const resources = read<ResourceRow[]>("resources.json");
  const packages = new Set(Object.keys(openapi).map((t) => t.slice(0, t.lastIndexOf("."))));
  const files = new Map<string, { body: string[]; imports: Map<string, Set<string>> }>();
  const open = (file: string) => {
    let f = files.get(file);
    if (f === undefined) files.set(file, (f = { body: [], imports: new Map() }));
    return f;
  };

  for (const [type, shape] of Object.entries(shapes)) {
    if (!packages.has(type.slice(0, type.lastIndexOf(".")))) continue;
    const { file, name } = locate(type);
    if (type in special) {
      if (!file.startsWith("apiextensions")) continue;
    }
    const out = open(file);
    if (type in special) {
      out.body.push(`export type ${name} = ${special[type]};\n`);
      continue;
    }
    const required = new Set(openapi[type]?.required ?? []);
    const tsOf = (go: string): string => {
      const map = /^map\[string\](.*)$/.exec(go);
      if (map) return `{ [key: string]: ${tsOf(map[1] as string)} }`;
      if (go.startsWith("[]")) {
        const item = tsOf(go.slice(2));
        return item.includes("|") ? `(${item})[]` : `${item}[]`;
      }
      if (go.startsWith("*")) return tsOf(go.slice(1));
      const scalar = scalars[go];
      if (scalar !== undefined) return scalar;
      const at = locate(go);
      if (go in special && !at.file.startsWith("apiextensions")) return special[go] as string;
      if (!packages.has(go.slice(0, go.lastIndexOf(".")))) throw new Error(`${type} refers to ${go}, which has no package here`);
      if (at.file === file) return at.name;
      let names = out.imports.get(at.file);
      if (names === undefined) out.imports.set(at.file, (names = new Set()));
      names.add(at.name);
      return at.name;
    };
    out.body.push(`export interface ${name} {`);
    for (const [field, go] of Object.entries(shape)) {
      const ts = tsOf(go.split(" ")[0] as string);
      const key = /^[A-Za-z_]\w*$/.test(field) ? field : JSON.stringify(field);
      out.body.push(required.has(field) ? `  ${key}: ${ts};` : `  ${key}?: ${ts} | undefined;`);
    }
    out.body.push("}\n");
  }

  for (const r of resources) {
    const gv = `${r.group}/${r.version}`;
    const type = Object.entries(openapi).find(([, t]) =>
      t["x-kubernetes-group-version-kind"]?.some(
        (g) =>
          g.kind === r.responseKind.kind &&
          (r.responseKind.version === ""
            ? `${g.group}/${g.version}` === gv
            : g.group === r.responseKind.group && g.version === r.responseKind.version),
      ),
    )?.[0];
    if (type === undefined) throw new Error(`no type for ${gv} ${r.resource}`);
    const { file, name } = locate(type);
    const out = open(file);
    const variable = r.resource;
    out.body.push(
      `export const ${variable}: ResourceRef<${name}> = { group: ${JSON.stringify(r.group)}, version: ${JSON.stringify(r.version)}, resource: ${JSON.stringify(r.resource)}, kind: ${JSON.stringify(r.responseKind.kind)}, namespaced: ${r.scope === "Namespaced"} };\n`,
    );
  }

  const dir = new URL("../src/schema/types/", import.meta.url);
  mkdirSync(dir, { recursive: true });
  for (const old of readdirSync(dir)) rmSync(new URL(old, dir));
  for (const [file, { body, imports }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const lines = ["// Generated by tools/generate-types.ts from facts/. Do not edit.", ""];
    if (body.some((l) => l.includes("ResourceRef<"))) lines.push(`import type { ResourceRef } from "../resource-ref.ts";`);
    for (const [from, names] of [...imports].sort(([a], [b]) => (a < b ? -1 : 1))) {
      lines.push(`import type { ${[...names].sort().join(", ")} } from "./${from}.ts";`);
    }
    if (lines.length > 2) lines.push("");
    writeFileSync(new URL(`${file}.ts`, dir), `${lines.concat(body).join("\n")}`);
  }
}

main();
