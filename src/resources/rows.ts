/** What upstream serves by default, from `facts/resources.json`: one {@link ServedResource} a resource, with every served version. */
import facts from "../../facts/resources.json" with { type: "json" };

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
  /** In discovery's order of preference. */
  readonly versions: readonly ServedVersion[];
}

interface Fact {
  group: string;
  version: string;
  servedByDefault: boolean;
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
export function servedResources(): ServedResource[] {
  const rows = new Map<string, ServedResource & { versions: ServedVersion[] }>();
  for (const fact of facts as Fact[]) {
    if (!fact.servedByDefault) continue;
    const key = `${fact.group}/${fact.resource}`;
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
      versions: [version],
    });
  }
  return [...rows.values()];
}
