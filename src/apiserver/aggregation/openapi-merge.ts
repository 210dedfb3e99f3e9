/**
 * OpenAPI v2 documents of several servers as one: of the others only what lies below their group versions, with the definitions and
 * parameters that it uses. A name that means something else already is taken with a suffix.
 */
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
  const names: Record<Section, Map<string, string>> = { definitions: new Map(), parameters: new Map() };
  for (const section of sections) {
    const present = merged[section] ?? {};
    const taken = new Set([...Object.keys(present), ...Object.keys(document[section] ?? {})]);
    for (const [name, value] of Object.entries(document[section] ?? {})) {
      const known = present[name];
      if (known === undefined || JSON.stringify(known) === JSON.stringify(value)) continue;
      names[section].set(name, freeName(section, name, taken));
    }
  }
  const renamed = renameReferences(document, names) as OpenApiV2;
  for (const section of sections) {
    const own = Object.entries(renamed[section] ?? {});
    if (own.length === 0) continue;
    const present = (merged[section] ??= {});
    for (const [name, value] of own) present[names[section].get(name) ?? name] ??= value;
  }
  const paths = (merged.paths ??= {});
  for (const [path, value] of Object.entries(renamed.paths ?? {})) paths[path] ??= value;
}

function freeName(section: Section, name: string, taken: Set<string>): string {
  for (let i = 2; ; i++) {
    const free = section === "definitions" ? `${name}_v${i}` : `${name}_${i}`;
    if (taken.has(free)) continue;
    taken.add(free);
    return free;
  }
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
