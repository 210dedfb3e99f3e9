/**
 * OpenAPI v2 documents of several servers as one: of the others only what lies below their group versions, with the definitions and
 * parameters that it uses. A name that means something else already is taken with a suffix.
 */
import { jsonEqual } from "../json-equal.ts";

type Json = Record<string, unknown>;

export interface OpenApiV2 extends Json {
  paths?: Json;
  definitions?: Json;
  parameters?: Json;
}

const sections = ["definitions", "parameters"] as const;
type Section = (typeof sections)[number];

/** The part of a document that is about paths below `prefix`. */
export function belowPrefix(document: OpenApiV2, prefix: string): OpenApiV2 {
  const paths = Object.fromEntries(Object.entries(document.paths ?? {}).filter(([path]) => path.startsWith(prefix)));
  const used = { definitions: new Set<string>(), parameters: new Set<string>() };
  const visit = (value: unknown): void =>
    eachReference(value, (section, name) => {
      if (used[section].has(name)) return;
      used[section].add(name);
      visit(document[section]?.[name]);
    });
  visit(paths);
  const pick = (section: Section): Json =>
    Object.fromEntries(Object.entries(document[section] ?? {}).filter(([name]) => used[section].has(name)));
  return { paths, definitions: pick("definitions"), parameters: pick("parameters") };
}

/** Paths that are there already stay. Nothing given is changed. */
export function mergeOpenApiV2(base: OpenApiV2, more: readonly OpenApiV2[]): OpenApiV2 {
  const merged: OpenApiV2 = { ...base, paths: { ...base.paths }, definitions: { ...base.definitions } };
  if (base.parameters !== undefined) merged.parameters = { ...base.parameters };
  for (const document of more) mergeInto(merged, document);
  return merged;
}

function mergeInto(merged: OpenApiV2, document: OpenApiV2): void {
  const names = { definitions: renames("definitions", merged, document), parameters: renames("parameters", merged, document) };
  const renamed = renameReferences(document, names) as OpenApiV2;
  for (const section of sections) {
    const own = Object.entries(renamed[section] ?? {});
    if (own.length === 0) continue;
    const present = (merged[section] ??= {});
    for (const [name, value] of own) {
      const to = names[section].get(name) ?? name;
      present[to] = present[to] === undefined ? value : withKinds(present[to] as Json, value as Json);
    }
  }
  const paths = (merged.paths ??= {});
  for (const [path, value] of Object.entries(renamed.paths ?? {})) paths[path] ??= value;
}

/** What names of `document` that mean something else in `merged` are to be called: `_v2`, or what the same was called before. */
function renames(section: Section, merged: OpenApiV2, document: OpenApiV2): Map<string, string> {
  const present = merged[section] ?? {};
  const own = document[section] ?? {};
  const taken = new Set(Object.keys(present));
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(own)) {
    if (present[name] === undefined || sameModuloKinds(present[name], value)) continue;
    let suffix = 2;
    let next = `${name}_v${suffix}`;
    while (present[next] !== undefined && !sameModuloKinds(present[next], value)) next = `${name}_v${++suffix}`;
    if (present[next] === undefined) while (taken.has(next) || own[next] !== undefined) next = `${name}_v${++suffix}`;
    taken.add(next);
    found.set(name, next);
  }
  return found;
}

const kindsKey = "x-kubernetes-group-version-kind";

/** The same but for the kinds it is of, and for how it is put in words: servers of other versions describe shared types differently. */
function sameModuloKinds(a: unknown, b: unknown): boolean {
  return jsonEqual(bare(a), bare(b));
}

function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, item]) => key !== kindsKey && (key !== "description" || typeof item !== "string"));
  return Object.fromEntries(kept.map(([key, item]) => [key, bare(item)]));
}

/** Types that several groups share are of the kinds of all of them. */
function withKinds(definition: Json, other: Json): Json {
  const [own, more] = [definition[kindsKey], other[kindsKey]] as (readonly unknown[] | undefined)[];
  if (more === undefined) return definition;
  if (own === undefined) return { ...definition, [kindsKey]: more };
  const fresh = more.filter((kind) => !own.some((known) => jsonEqual(known, kind)));
  return fresh.length === 0 ? definition : { ...definition, [kindsKey]: [...own, ...fresh] };
}

const reference = /^#\/(definitions|parameters)\/(.*)$/;

function eachReference(value: unknown, found: (section: Section, name: string) => void): void {
  if (Array.isArray(value)) for (const item of value) eachReference(item, found);
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const match = key === "$ref" && typeof item === "string" ? reference.exec(item) : null;
      if (match !== null) found(match[1] as Section, match[2] as string);
      else eachReference(item, found);
    }
  }
}

function renameReferences(value: unknown, names: Record<Section, Map<string, string>>): unknown {
  if (names.definitions.size === 0 && names.parameters.size === 0) return value;
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const match = key === "$ref" && typeof item === "string" ? reference.exec(item) : null;
      if (match === null) return [key, renameReferences(item, names)];
      const [, section, name] = match as unknown as [string, Section, string];
      return [key, `#/${section}/${names[section].get(name) ?? name}`];
    }),
  );
}
