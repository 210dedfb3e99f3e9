/** What discovery says of a set of definitions. Pure. */
import { createHash } from "node:crypto";
import { apiVersionOf } from "../../schema/resource-ref.ts";
import type { AggregatedVersion } from "../aggregation/aggregator.ts";
import { type ResourceDefinition, type ResourceVersion, type Subresource, subresourcesAt } from "../resource.ts";

/** Where a group version stands in discovery: higher first, by group and then by version. */
export interface GroupVersionPriority {
  readonly group: number;
  readonly version: number;
}

/** What custom groups get, and groups nobody says anything about. */
export const customPriority: GroupVersionPriority = { group: 1000, version: 100 };

export interface ServedVersion {
  readonly version: string;
  /** In order of name. */
  readonly resources: readonly ServedResource[];
  /** Another server answers for the version. */
  readonly remote?: AggregatedVersion | undefined;
}

export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly version: ResourceVersion;
}

export interface ServedGroup {
  readonly group: string;
  /** The preferred version first. */
  readonly versions: readonly ServedVersion[];
}

/** `v2` before `v1` before `v1beta2` before `v1beta1` before `v1alpha1` before everything else in order of name. */
export function compareVersions(a: string, b: string): number {
  const pa = parseVersion(a);
  const pb = parseVersion(b);
  if (pa === undefined || pb === undefined) {
    if (pa !== undefined) return -1;
    if (pb !== undefined) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return pb[0] - pa[0] || pb[1] - pa[1] || pb[2] - pa[2];
}

/** Stability, major, minor. */
function parseVersion(version: string): [number, number, number] | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (match === null) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}

/** All groups in discovery's order, the core group first. What another server answers for is not served here. */
export function servedGroups(
  definitions: readonly ResourceDefinition[],
  priority: (group: string, version: string) => GroupVersionPriority = () => customPriority,
  remotes: readonly AggregatedVersion[] = [],
): ServedGroup[] {
  const groups = new Map<string, Map<string, ServedResource[]>>();
  const versionOf = (group: string, version: string): ServedResource[] => {
    let versions = groups.get(group);
    if (versions === undefined) groups.set(group, (versions = new Map()));
    let resources = versions.get(version);
    if (resources === undefined) versions.set(version, (resources = []));
    return resources;
  };
  for (const definition of definitions)
    for (const version of definition.versions) versionOf(definition.group, version.version).push({ definition, version });
  const others = new Map(remotes.map((r) => [apiVersionOf(r.remote), r]));
  for (const { remote } of remotes) versionOf(remote.group, remote.version).length = 0;
  const otherOf = (group: string, version: string): AggregatedVersion | undefined => others.get(apiVersionOf({ group, version }));
  const rank = (group: string, version: string): GroupVersionPriority => {
    const remote = otherOf(group, version)?.remote;
    return remote === undefined ? priority(group, version) : { group: remote.groupPriority, version: remote.versionPriority };
  };
  const served = [...groups].map(([group, versions]) => ({
    group,
    priority: Math.max(...[...versions.keys()].map((v) => rank(group, v).group)),
    versions: [...versions]
      .sort(([a], [b]) => rank(group, b).version - rank(group, a).version || compareVersions(a, b))
      .map(([version, resources]) => {
        const remote = otherOf(group, version);
        return { version, resources: resources.sort(byName), ...(remote === undefined ? {} : { remote }) };
      }),
  }));
  served.sort((a, b) => {
    if (a.group === "" || b.group === "") return a.group === "" ? -1 : 1;
    return b.priority - a.priority || (a.group < b.group ? -1 : 1);
  });
  return served.map(({ group, versions }) => ({ group, versions }));
}

function byName(a: ServedResource, b: ServedResource): number {
  return a.definition.resource < b.definition.resource ? -1 : 1;
}

interface GroupDocument {
  kind?: "APIGroup";
  apiVersion?: "v1";
  name: string;
  versions: { groupVersion: string; version: string }[];
  preferredVersion: { groupVersion: string; version: string };
}

function groupDocument({ group, versions }: ServedGroup): GroupDocument {
  const all = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  return { name: group, versions: all, preferredVersion: all[0] as { groupVersion: string; version: string } };
}

/** `/apis/G` */
export function apiGroup(group: ServedGroup): object {
  return { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group) };
}

/** `/apis` */
export function apiGroupList(groups: readonly ServedGroup[]): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.filter((g) => g.group !== "").map(groupDocument) };
}

/** `/api`. `address`: host and port at which the server is reached. */
export function apiVersions(groups: readonly ServedGroup[], address: string): object {
  const core = groups.find((g) => g.group === "");
  return {
    kind: "APIVersions",
    versions: core?.versions.map((v) => v.version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
  };
}

/** `/api/v1`, `/apis/G/V` */
export function apiResourceList(group: string, served: ServedVersion): object {
  const groupVersion = apiVersionOf({ group, version: served.version });
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion,
    resources: served.resources.flatMap(({ definition: d }) => [
      {
        name: d.resource,
        singularName: d.singular,
        namespaced: d.namespaced,
        kind: d.kind,
        verbs: d.verbs,
        ...(d.shortNames.length === 0 ? {} : { shortNames: d.shortNames }),
        ...(d.categories.length === 0 ? {} : { categories: d.categories }),
        ...(d.handler === undefined ? { storageVersionHash: storageVersionHash(d) } : {}),
      },
      ...subresourcesOf(d, served.version).map(([name, sub]) => {
        const kind = kindOf(d, served.version, sub);
        const foreign = kind.group !== group || kind.version !== served.version;
        return {
          name: `${d.resource}/${name}`,
          singularName: "",
          namespaced: d.namespaced,
          ...(foreign ? { group: kind.group, version: kind.version } : {}),
          kind: kind.kind,
          verbs: sub.verbs,
        };
      }),
    ]),
  };
}

function subresourcesOf(definition: ResourceDefinition, version: string): [string, Subresource][] {
  const found = Object.entries(subresourcesAt(definition, version));
  // Those of custom resources are told in the order of their definition's fields.
  const custom = definition.versions.some((v) => v.codec !== undefined);
  return custom ? found : found.sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Kind {
  group: string;
  version: string;
  kind: string;
}

function kindOf(d: ResourceDefinition, version: string, sub: Subresource): Kind {
  if (sub.type === "handler") return { group: sub.group, version: sub.version, kind: sub.kind };
  if (sub.view !== undefined) return { group: sub.view.group, version: sub.view.version, kind: sub.view.kind };
  return { group: d.group, version, kind: d.kind };
}

/** Tells clients when the stored version changes. */
function storageVersionHash(d: ResourceDefinition): string {
  const text = `${d.storageGroup ?? d.group}/${d.storageVersion}/${d.kind}`;
  return createHash("sha256").update(text).digest().subarray(0, 8).toString("base64");
}

/** `/api` and `/apis` as one document (KEP-3352). */
export function aggregatedDiscovery(groups: readonly ServedGroup[]): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups
      .map(({ group, versions }) => ({ group, versions: versions.filter((v) => v.remote?.asked !== false) }))
      .filter(({ versions }) => versions.length > 0)
      .map(({ group, versions }) => ({
        metadata: group === "" ? {} : { name: group },
        versions: versions.map((served) => ({ version: served.version, ...versionDiscovery(served) })),
      })),
  };
}

function versionDiscovery({ version, resources, remote }: ServedVersion): object {
  if (remote === undefined) return { resources: resources.map((r) => resourceDiscovery(r, version)), freshness: "Current" };
  const { resources: theirs, freshness } = remote;
  return { ...(theirs.length === 0 ? {} : { resources: theirs }), freshness };
}

function resourceDiscovery({ definition: d, version: served }: ServedResource, version: string): object {
  const custom = served.codec !== undefined;
  // Built-in kinds of the same group version are named without it, custom ones with it, as upstream's servers do.
  const responseKind = (k: Kind): Kind =>
    !custom && k.group === d.group && k.version === version ? { group: "", version: "", kind: k.kind } : k;
  const subresources = subresourcesOf(d, version);
  return {
    resource: d.resource,
    responseKind: responseKind({ group: d.group, version, kind: d.kind }),
    scope: d.namespaced ? "Namespaced" : "Cluster",
    singularResource: d.singular,
    verbs: d.verbs,
    ...(d.shortNames.length === 0 ? {} : { shortNames: d.shortNames }),
    ...(d.categories.length === 0 ? {} : { categories: d.categories }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map(([name, sub]) => ({
            subresource: name,
            responseKind: responseKind(kindOf(d, version, sub)),
            verbs: sub.verbs,
          })),
        }),
  };
}

/** A strong ETag of a document, in upstream's form. */
export function etagOf(bytes: Uint8Array): string {
  return `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"`;
}
