/** What a server serves: groups, versions and resources, and the way from a kind to the resource that stores it. */
import { ApiError, isApiError } from "../core/api-error.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import type { Client } from "./client.ts";

export interface DiscoveredResource extends ResourceRef<KubeObject> {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  /** Names without the resource: `status`, `scale`. */
  readonly subresources: readonly string[];
}

/** APIGroupDiscoveryList of apidiscovery.k8s.io/v2, as far as it is read. */
interface AggregatedDiscovery {
  kind?: string;
  items?: {
    metadata?: { name?: string };
    versions?: {
      version: string;
      freshness?: string;
      resources?: {
        resource: string;
        responseKind?: { kind?: string };
        scope?: string;
        singularResource?: string;
        shortNames?: string[];
        categories?: string[];
        verbs?: string[];
        subresources?: { subresource: string }[];
      }[];
    }[];
  }[];
}

interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
  singularName?: string;
  shortNames?: string[];
  categories?: string[];
  verbs?: string[];
}

const aggregatedAccept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/** Reads discovery once; {@link Discovery.refresh} reads it anew. Answers in the server's order of preference. */
export class Discovery {
  readonly #client: Client;
  #resources: Promise<readonly DiscoveredResource[]> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Every resource at every served version, without subresources. */
  resources(): Promise<readonly DiscoveredResource[]> {
    this.#resources ??= this.#read().catch((error: unknown) => {
      this.#resources = undefined;
      throw error;
    });
    return this.#resources;
  }

  refresh(): void {
    this.#resources = undefined;
  }

  /** One version of each resource: the one that its group prefers. */
  async preferred(): Promise<DiscoveredResource[]> {
    const seen = new Set<string>();
    return (await this.resources()).filter(({ group, resource }) => {
      const key = `${group}/${resource}`;
      return !seen.has(key) && seen.add(key) !== undefined;
    });
  }

  /** The resource of a kind. Looks again once when it is not known yet: a CRD may have come. */
  async resourceOf(apiVersion: string, kind: string): Promise<DiscoveredResource> {
    const [group, version] = splitApiVersion(apiVersion);
    const find = async (): Promise<DiscoveredResource | undefined> =>
      (await this.resources()).find((r) => r.kind === kind && r.group === group && r.version === version);
    let found = await find();
    if (found === undefined) {
      this.refresh();
      found = await find();
    }
    if (found === undefined) throw new ApiError(404, "NotFound", `no matches for kind "${kind}" in version "${apiVersion}"`);
    return found;
  }

  /** By plural, singular, short name or kind, with the group after a dot or not, as users write it: `deploy`, `widgets.example.com`. */
  async resourceNamed(name: string): Promise<DiscoveredResource> {
    const wanted = name.toLowerCase();
    const [plain, ...rest] = wanted.split(".");
    const group = rest.join(".");
    const match = (names: (r: DiscoveredResource) => readonly string[]): ((r: DiscoveredResource) => boolean) => {
      return (r) => names(r).includes(plain as string) && (group === "" || r.group === group || `${r.version}.${r.group}` === group);
    };
    const all = await this.preferred();
    const every = await this.resources();
    const found =
      all.find(match((r) => [r.resource, r.singular, r.kind.toLowerCase()])) ??
      all.find(match((r) => r.shortNames)) ??
      every.find(match((r) => [r.resource, r.singular, r.kind.toLowerCase()]));
    if (found === undefined) throw new ApiError(404, "NotFound", `the server doesn't have a resource type "${name}"`);
    return found;
  }

  async #read(): Promise<readonly DiscoveredResource[]> {
    const core = await this.#aggregated("/api");
    const groups = core === undefined ? undefined : await this.#aggregated("/apis");
    if (core !== undefined && groups !== undefined) return [...core, ...groups];
    return this.#readPlain();
  }

  /** Undefined: the server answered in the older form. */
  async #aggregated(path: string): Promise<DiscoveredResource[] | undefined> {
    const answer = await this.#client.raw("GET", path, undefined, { headers: { accept: aggregatedAccept } });
    const document = this.#document<AggregatedDiscovery>(answer.status, answer.json());
    if (document.kind !== "APIGroupDiscoveryList") return undefined;
    return (document.items ?? []).flatMap(({ metadata, versions }) =>
      (versions ?? []).flatMap(({ version, resources }) =>
        (resources ?? []).map((r) => ({
          group: metadata?.name ?? "",
          version,
          resource: r.resource,
          kind: r.responseKind?.kind ?? "",
          namespaced: r.scope === "Namespaced",
          singular: r.singularResource ?? "",
          shortNames: r.shortNames ?? [],
          categories: r.categories ?? [],
          verbs: r.verbs ?? [],
          subresources: (r.subresources ?? []).map((s) => s.subresource),
        })),
      ),
    );
  }

  async #readPlain(): Promise<DiscoveredResource[]> {
    const groups = await this.#get<{ groups?: { name: string; versions: { version: string }[] }[] }>("/apis");
    const versions = [
      { group: "", version: "v1", path: "/api/v1" },
      ...(groups.groups ?? []).flatMap((g) =>
        g.versions.map(({ version }) => ({ group: g.name, version, path: `/apis/${g.name}/${version}` })),
      ),
    ];
    const lists = await Promise.all(versions.map((v) => this.#plainVersion(v)));
    return lists.flat();
  }

  /** A group whose server does not answer (an aggregated API that is down) is left out. */
  async #plainVersion({ group, version, path }: { group: string; version: string; path: string }): Promise<DiscoveredResource[]> {
    let list: { resources?: ApiResource[] };
    try {
      list = await this.#get(path);
    } catch (error) {
      if (isApiError(error) && (error.code === 404 || error.code >= 500)) return [];
      throw error;
    }
    const resources = list.resources ?? [];
    return resources
      .filter((r) => !r.name.includes("/"))
      .map((r) => ({
        group,
        version,
        resource: r.name,
        kind: r.kind,
        namespaced: r.namespaced,
        singular: r.singularName ?? "",
        shortNames: r.shortNames ?? [],
        categories: r.categories ?? [],
        verbs: r.verbs ?? [],
        subresources: resources.filter((s) => s.name.startsWith(`${r.name}/`)).map((s) => s.name.slice(r.name.length + 1)),
      }));
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await this.#client.raw("GET", path, undefined, { headers: { accept: "application/json" } });
    return this.#document<T>(answer.status, answer.json());
  }

  #document<T>(status: number, value: unknown): T {
    if (status >= 400) throw ApiError.fromStatus({ code: status, ...(value as object) });
    return value as T;
  }
}

/** `["apps", "v1"]`, or `["", "v1"]`. */
export function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const at = apiVersion.indexOf("/");
  return at < 0 ? ["", apiVersion] : [apiVersion.slice(0, at), apiVersion.slice(at + 1)];
}
