/**
 * Writes the descriptions of types and fields that `kubectl explain` shows, from the doc comments of a dev dependency
 * (`@kubernetes/client-node`, generated from the same release): one line a type, gzipped.
 *
 * usage: node tools/generate-descriptions.ts [FILE]     default: .cache/descriptions.txt.gz, where development finds it
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { typeNames, typeRow } from "../src/schema/scheme.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const models = join(root, "node_modules/@kubernetes/client-node/dist/gen/models");

/** Names differ in case and punctuation only: `ref` is `$ref`, `_continue` is `continue`. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9]/g, "").toLowerCase();

const unescapeComment = (text: string): string =>
  text
    .replace(/^\s*\*\s?/gm, "")
    .replace(/\\(["'])/g, "$1")
    .replaceAll("*_/", "*/")
    .trim();

interface Described {
  type: string | undefined;
  fields: Map<string, string>;
}

/** The comments of one declaration file. */
function readModel(text: string): Described {
  const body = text.slice(text.indexOf("*/") + 2);
  const at = body.indexOf("export declare class");
  const head = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(body.slice(0, at));
  const fields = new Map<string, string>();
  for (const [, comment, name] of body.slice(at).matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*'([^']+)'\??:/g)) {
    fields.set(plain(name as string), unescapeComment(comment as string));
  }
  return { type: head === null ? undefined : unescapeComment(head[1] as string), fields };
}

/** The class names a type may have: `V1Pod`, `CoreV1Event`. */
function classNames(typeName: string): string[] {
  const parts = typeName.split(".");
  const name = parts.pop() as string;
  const version = capitalized(parts.pop() as string);
  return [`${capitalized(parts.pop() as string)}${version}${name}`, `${version}${name}`];
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Types that the dependency has no class for, in our own words. */
const own: Record<string, string> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "A time of RFC 3339, in seconds.",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "A time of RFC 3339, in microseconds.",
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "A number with a unit: 500m, 1Gi, 3.",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "A number, or text such as a percentage or a name.",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1":
    "A set of fields, as a tree: `f:<name>` is a field, `k:<keys>` and `v:<value>` are items of a list.",
};

/** Types whose fields of one object upstream leaves without description. */
const undescribed = new Set([
  "io.k8s.api.networking.v1.IngressRule",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
]);

/** What is said of each type: by the dependency, or by us. */
function describeTypes(): Map<string, Described> {
  const files = new Set(readdirSync(models).filter((f) => f.endsWith(".d.ts")));
  const found = new Map<string, Described>();
  for (const typeName of typeNames()) {
    const file = classNames(typeName)
      .map((c) => `${c}.d.ts`)
      .find((f) => files.has(f));
    if (file !== undefined) found.set(typeName, readModel(readFileSync(join(models, file), "utf8")));
    else if (own[typeName] !== undefined) found.set(typeName, { type: own[typeName], fields: new Map() });
  }
  return found;
}

/** One line a type: name, tab, JSON of `{t: description, f: {field: description}}`. */
export function descriptionLines(): string[] {
  const types = describeTypes();
  return [...types].map(([typeName, { type, fields }]) => {
    const f: Record<string, string> = {};
    for (const { name, shape } of typeRow(typeName).fields) {
      // The dependency keeps no comment on a field that is one object: what the object is, says most of it.
      const object = shape.kind === "message" && !undescribed.has(typeName) ? types.get(shape.type)?.type : undefined;
      const text = fields.get(plain(name)) ?? object;
      if (text !== undefined) f[name] = text;
    }
    return `${typeName}\t${JSON.stringify({ t: type, f })}`;
  });
}

/** Writes the file. */
export function writeDescriptions(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, gzipSync(descriptionLines().join("\n"), { level: 9 }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeDescriptions(process.argv[2] ?? join(root, ".cache/descriptions.txt.gz"));
