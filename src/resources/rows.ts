/** What upstream serves, from `facts/resources.json`: one {@link ServedResource} a resource, with every served version. */
import facts from "../../facts/resources.json" with { type: "json" };
import { defaultEnablement, type Enablement } from "./enablement.ts";

export interface ServedSubresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export interface ServedVersion {
  readonly version: string;
  readonly verbs: readonly string[];
  readonly subresources: readonly ServedSubresource[];
}

export interface ServedResource {
  readonly group: string;
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** The version that objects are kept at, which need not be served. */
  readonly storageVersion: string;
  /** In discovery's order of preference. */
  readonly versions: readonly ServedVersion[];
}

interface Fact {
  group: string;
  version: string;
  resource: string;
  responseKind: { group: string; version: string; kind: string };
  scope: string;
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: { subresource: string; responseKind: { group: string; version: string; kind: string }; verbs: string[] }[];
}

/** In discovery's order. */
export function servedResources(enablement: Enablement = defaultEnablement): ServedResource[] {
  const storage = new Map<string, string>();
  const rows = new Map<string, ServedResource & { versions: ServedVersion[] }>();
  for (const fact of facts as Fact[]) {
    const key = `${fact.group}/${fact.resource}`;
    if (!storage.has(key)) storage.set(key, fact.version);
    if (!enablement.serves(fact.group, fact.version, fact.resource)) continue;
    const version: ServedVersion = {
      version: fact.version,
      verbs: fact.verbs,
      subresources: (fact.subresources ?? []).map((s) => ({
        name: s.subresource,
        group: s.responseKind.version === "" ? fact.group : s.responseKind.group,
        version: s.responseKind.version === "" ? fact.version : s.responseKind.version,
        kind: s.responseKind.kind,
        verbs: s.verbs,
      })),
    };
    const known = rows.get(key);
    if (known !== undefined) {
      known.versions.push(version);
      continue;
    }
    rows.set(key, {
      group: fact.group,
      resource: fact.resource,
      singular: fact.singularResource,
      kind: fact.responseKind.kind,
      namespaced: fact.scope === "Namespaced",
      shortNames: fact.shortNames ?? [],
      categories: fact.categories ?? [],
      storageVersion: storage.get(key) as string,
      versions: [version],
    });
  }
  return [...rows.values()];
}
