/** What another server says that it serves, read into the aggregated form (KEP-3352). */
import type { RemoteAnswer, RemoteVersion } from "./remote-version.ts";
import { versionKey } from "./remote-version.ts";

/** An APIResourceDiscovery as it came. */
export type ResourceDiscovery = Readonly<Record<string, unknown>>;

/** By {@link versionKey}. */
export type RemoteResources = ReadonlyMap<string, readonly ResourceDiscovery[]>;

const accept =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

export interface DiscoveryState {
  readonly resources: RemoteResources;
  readonly etag: string | undefined;
  /** Of this version alone: others of the server are not known by it. */
  readonly legacy: boolean;
}

/** Throws when the server gives neither form. */
export async function discoverRemote(remote: RemoteVersion, known: DiscoveryState | undefined): Promise<DiscoveryState> {
  const etag = known?.etag;
  const answer = await remote.fetch("/apis", { accept, ...(etag === undefined ? {} : { "if-none-match": etag }) });
  if (answer.status === 304 && known !== undefined) return known;
  if (answer.status === 503) throw new Error(`service ${remote.server} returned non-success response code: 503`);
  if (answer.status === 200 && isAggregated(answer)) {
    return { resources: aggregatedResources(answer.body), etag: answer.headers["etag"], legacy: false };
  }
  const path = remote.group === "" ? `/api/${remote.version}` : `/apis/${remote.group}/${remote.version}`;
  const legacy = await remote.fetch(path, { accept: "application/json" });
  if (legacy.status !== 200) throw new Error(`failed to download legacy discovery for ${path}: status ${legacy.status}`);
  return { resources: new Map([[versionKey(remote), legacyResources(legacy.body)]]), etag: undefined, legacy: true };
}

function isAggregated({ headers }: RemoteAnswer): boolean {
  const type = headers["content-type"] ?? "";
  return type.includes("g=apidiscovery.k8s.io") && type.includes("as=APIGroupDiscoveryList");
}

interface GroupList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly { readonly version: string; readonly resources?: readonly Record<string, unknown>[] }[];
  }[];
}

function aggregatedResources(body: Buffer): RemoteResources {
  const found = new Map<string, readonly ResourceDiscovery[]>();
  for (const group of (JSON.parse(body.toString("utf8")) as GroupList).items ?? []) {
    for (const { version, resources = [] } of group.versions ?? [])
      found.set(versionKey({ group: group.metadata?.name ?? "", version }), resources.map(withResponseKinds));
  }
  return found;
}

const noKind = { group: "", version: "", kind: "" };

/** Clients of v1.26 cannot do without a responseKind. */
function withResponseKinds(resource: Record<string, unknown>): ResourceDiscovery {
  const subresources = resource["subresources"] as readonly Record<string, unknown>[] | undefined;
  return {
    ...resource,
    responseKind: resource["responseKind"] ?? noKind,
    ...(subresources === undefined ? {} : { subresources: subresources.map((s) => ({ ...s, responseKind: s["responseKind"] ?? noKind })) }),
  };
}

interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** The unaggregated form says it in one list, subresources among the rest. */
function legacyResources(body: Buffer): ResourceDiscovery[] {
  const { resources = [] } = JSON.parse(body.toString("utf8")) as { resources?: readonly ApiResource[] };
  const kindOf = ({ group = "", version = "", kind = "" }: ApiResource): object => ({ group, version, kind });
  const scopeOf = (r: ApiResource): string => (r.namespaced === true ? "Namespaced" : "Cluster");
  const found = new Map<string, Record<string, unknown>>();
  const parentOf = (name: string, r: ApiResource): Record<string, unknown> => {
    let parent = found.get(name);
    if (parent === undefined)
      found.set(name, (parent = { resource: name, responseKind: noKind, scope: scopeOf(r), singularResource: "", verbs: [] }));
    return parent;
  };
  for (const r of resources) {
    const [name = "", subresource] = r.name.split("/");
    const parent = parentOf(name, r);
    if (subresource === undefined) {
      Object.assign(parent, {
        responseKind: kindOf(r),
        scope: scopeOf(r),
        singularResource: r.singularName ?? "",
        verbs: r.verbs ?? [],
        ...(r.shortNames?.length ? { shortNames: r.shortNames } : {}),
        ...(r.categories?.length ? { categories: r.categories } : {}),
      });
    } else {
      const subresources = (parent["subresources"] ??= []) as object[];
      subresources.push({ subresource, responseKind: kindOf(r), verbs: r.verbs ?? [] });
    }
  }
  return [...found.values()];
}
