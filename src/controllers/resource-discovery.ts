/** What the server serves, asked of it by whoever works over all resources (namespace deletion, garbage collection). */
import type { Client } from "../client/client.ts";
import { apiVersionOf, type ResourceRef } from "../schema/resource-ref.ts";
import { messageOf } from "./ownership.ts";

export interface ServedResource {
  readonly ref: ResourceRef;
  readonly verbs: readonly string[];
}

export interface Discovery {
  /** At the preferred version of each group that has it. */
  readonly resources: readonly ServedResource[];
  /** `apiVersion/Kind` → resource, at every version. */
  readonly kinds: ReadonlyMap<string, ResourceRef>;
  /** Group versions whose resources could not be learned (an aggregated server is down): `group/version` → why. */
  readonly failures: ReadonlyMap<string, string>;
}

interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
  group?: string;
  version?: string;
}

interface AggregatedGroup {
  metadata?: { name?: string };
  versions: {
    version: string;
    freshness?: string;
    resources?: { resource: string; scope: string; verbs: string[]; responseKind?: { kind: string } }[];
  }[];
}

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/** Two requests where discovery is aggregated, one a group version elsewhere. Throws only when nothing can be learned. */
export async function discover(client: Client, signal: AbortSignal): Promise<Discovery> {
  const found = new Finder();
  for (const path of ["/api", "/apis"]) {
    const response = await client.raw("GET", path, undefined, { signal, headers: { accept: aggregated } });
    if (response.status !== 200) throw new Error(`GET ${path}: status ${response.status}`);
    const body = response.json() as { kind?: string; items?: AggregatedGroup[]; versions?: string[]; groups?: GroupDocument[] };
    if (body.kind === "APIGroupDiscoveryList") for (const group of body.items ?? []) found.addGroup(group);
    else if (path === "/api") await found.addVersions(client, "", body.versions ?? [], signal);
    else for (const group of body.groups ?? []) await found.addVersions(client, group.name, orderOf(group), signal);
  }
  return { resources: [...found.resources.values()], kinds: found.kinds, failures: found.failures };
}

interface GroupDocument {
  name: string;
  versions: { version: string }[];
  preferredVersion?: { version: string };
}

function orderOf(group: GroupDocument): string[] {
  const first = group.preferredVersion?.version;
  const all = group.versions.map((v) => v.version);
  return first === undefined ? all : [first, ...all.filter((v) => v !== first)];
}

class Finder {
  readonly resources = new Map<string, ServedResource>();
  readonly kinds = new Map<string, ResourceRef>();
  readonly failures = new Map<string, string>();

  addGroup(group: AggregatedGroup): void {
    const name = group.metadata?.name ?? "";
    for (const { version, freshness, resources = [] } of group.versions) {
      if (freshness === "Stale") this.failures.set(`${name}/${version}`, `stale GroupVersion discovery: ${name}/${version}`);
      for (const r of resources) {
        this.#add(name, version, {
          name: r.resource,
          kind: r.responseKind?.kind ?? "",
          namespaced: r.scope === "Namespaced",
          verbs: r.verbs,
        });
      }
    }
  }

  async addVersions(client: Client, group: string, versions: readonly string[], signal: AbortSignal): Promise<void> {
    for (const version of versions) {
      const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      try {
        const response = await client.raw("GET", path, undefined, { signal });
        if (response.status !== 200) throw new Error(`GET ${path}: status ${response.status}`);
        const body = response.json() as { resources?: ApiResource[] };
        for (const r of body.resources ?? []) if (!r.name.includes("/")) this.#add(group, version, r);
      } catch (error) {
        if (signal.aborted) throw error;
        this.failures.set(group === "" ? version : `${group}/${version}`, messageOf(error));
      }
    }
  }

  /** The first version that has a resource is the preferred one. */
  #add(group: string, version: string, r: ApiResource): void {
    const key = `${r.name}.${group}`;
    const ref: ResourceRef = { group, version, resource: r.name, kind: r.kind, namespaced: r.namespaced };
    const kind = `${apiVersionOf(ref)}/${r.kind}`;
    // A kind that has several resources (reviews) is none that owns anything.
    if (!this.kinds.has(kind)) this.kinds.set(kind, ref);
    if (!this.resources.has(key)) this.resources.set(key, { ref, verbs: r.verbs });
  }
}

/** Upstream's words for a discovery that is not whole. */
export function discoveryFailure(failures: ReadonlyMap<string, string>): string {
  const groups = [...failures].map(([gv, why]) => `${gv}: ${why}`).sort();
  return `unable to retrieve the complete list of server APIs: ${groups.join(", ")}`;
}
