/**
 * The built-in resources: what upstream serves by default, drawn from `facts/` and `kinds/`, with a strategy object each
 * where a kind is more than its fields. {@link builtinResources} is what a composition installs.
 */
import type { ResourceDefinition, ResourceVersion, Strategy, Subresource } from "../apiserver/resource.ts";
import { notFound } from "../core/api-error.ts";
import { formatTime } from "../core/clock.ts";
import { kindOf } from "../kinds/index.ts";
import type { Kind } from "../kinds/kind.ts";
import { typeNameOf } from "../schema/scheme.ts";
import { columnsOf } from "./columns.ts";
import { answersDeletedObject } from "./deleted-objects.ts";
import { deprecationOf } from "./deprecations.ts";
import type { ResourceDeps } from "./deps.ts";
import { servedResources, type ServedResource, type ServedSubresource } from "./rows.ts";
import type { Special } from "./special.ts";
import { specials } from "./specials.ts";
import { gatedStrategy } from "./strategy/gated-fields.ts";
import { storagePrefix } from "./storage-names.ts";
import { resetFieldsOf } from "./strategy/reset-fields.ts";
import { statusStrategyOf, strategyOf, subresourceStrategyOf, type StrategyTraits } from "./strategy/from-kind.ts";

export type { ComponentHealth, KubeletTransport, LocalNode, ResourceDeps } from "./deps.ts";
export { groupVersionPriority } from "./api-services.ts";
export { resolveServiceEndpoint } from "./services/endpoint-resolution.ts";

/** Every resource that is to be served, in discovery's order: what upstream v1.36 serves by default where nothing is said. */
export function builtinResources(deps: ResourceDeps): ResourceDefinition[] {
  const special = specials(deps);
  return servedResources(deps.enablement).map((row) => definitionOf(row, special[`${row.group}/${row.resource}`] ?? {}, deps));
}

function definitionOf(row: ServedResource, special: Special, deps: ResourceDeps): ResourceDefinition {
  const storageVersion = special.storageVersion ?? row.storageVersion;
  const storageGroup = special.storageGroup ?? row.group;
  const kind = kindOf({ group: storageGroup, version: storageVersion, resource: row.resource });
  const traits: StrategyTraits = {
    typeName: typeName(storageGroup, storageVersion, row.kind),
    namespaced: row.namespaced,
    hasStatus: row.versions.some((v) => v.subresources.some((s) => s.name === "status")),
  };
  const base = strategyOf(kind, traits);
  const own: Strategy = { ...(special.strategy?.(base, kind) ?? base), ...resets(row, "") };
  const strategy = gatedStrategy(own, `${row.group}/${row.resource}`, deps.features);
  const handler = special.handler ?? deps.handlers?.[`${row.group}/${row.resource}`];
  return {
    group: row.group,
    resource: row.resource,
    singular: row.singular,
    kind: row.kind,
    listKind: `${row.kind}List`,
    namespaced: row.namespaced,
    shortNames: row.shortNames,
    categories: row.categories,
    versions: row.versions.map((v) => versionOf(row, v.version, special)),
    storageVersion,
    verbs: row.versions[0]?.verbs ?? [],
    strategy: answersDeletedObject(row.group, row.resource) ? { ...strategy, answersDeletedObject: true } : strategy,
    subresources: subresourcesOf(row, kind, traits, special, deps),
    storagePrefix: storagePrefix(row.group, row.resource),
    ...(special.upgradeStored === undefined ? {} : { upgradeStored: special.upgradeStored }),
    ...(special.storageGroup === undefined ? {} : { storageGroup: special.storageGroup }),
    ...(handler === undefined ? {} : { handler }),
  };
}

function typeName(group: string, version: string, kind: string): string {
  return typeNameOf({ group, version, kind }) ?? "";
}

function versionOf(row: ServedResource, version: string, special: Special): ResourceVersion {
  const kind = kindOf({ group: row.group, version, resource: row.resource });
  const columns = columnsOf(row.group, version, row.resource);
  const deprecated = deprecationOf(row.group, version, row.resource, row.kind);
  return {
    version,
    typeName: typeName(row.group, version, row.kind),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(columns === undefined || kind?.cells === undefined ? {} : { columns, cells: kind.cells.bind(kind) }),
    ...(kind?.rowOrder === undefined ? {} : { rowOrder: kind.rowOrder.bind(kind) }),
    ...special.conversions?.[version],
  };
}

function subresourcesOf(
  row: ServedResource,
  kind: Kind | undefined,
  traits: StrategyTraits,
  special: Special,
  deps: ResourceDeps,
): Record<string, Subresource> {
  const found: Record<string, Subresource> = {};
  for (const served of row.versions[0]?.subresources ?? []) {
    const own = special.subresources?.[served.name]?.(served, kind, traits);
    if (own?.type === "object") found[served.name] = { ...own, strategy: { ...own.strategy, ...resets(row, served.name) } };
    else if (own !== undefined) found[served.name] = own;
    else if (served.name === "status") {
      const status = statusStrategyOf(kind, row.namespaced);
      const strategy = { ...(special.status?.(status, kind) ?? status), ...resets(row, "status") };
      found["status"] = { type: "object", strategy, verbs: served.verbs };
    } else {
      const written = kind === undefined ? undefined : subresourceStrategyOf(kind, served.name, traits);
      if (written !== undefined) {
        found[served.name] = { type: "object", strategy: { ...written, ...resets(row, served.name) }, verbs: served.verbs };
      }
      const handle = deps.handlers?.[`${row.group}/${row.resource}/${served.name}`];
      if (handle !== undefined) found[served.name] = handlerSubresource(served, handle, completionOf(deps, row, served.name));
    }
  }
  return found;
}

function resets(row: ServedResource, subresource: string): Pick<Strategy, "resetFields"> {
  const versions = row.versions.map((v) => v.version);
  return resetFieldsOf(row.group, row.resource, subresource, versions);
}

type Completion = Extract<Subresource, { type: "handler" }>["complete"];

function handlerSubresource(
  served: ServedSubresource,
  handle: NonNullable<ResourceDefinition["handler"]>,
  complete: Completion,
): Subresource {
  return { type: "handler", group: served.group, version: served.version, kind: served.kind, verbs: served.verbs, handle, complete };
}

/** A TokenRequest is that of its account by the time that it is judged. */
function completionOf(deps: ResourceDeps, { group, resource }: ServedResource, subresource: string): Completion {
  if (`${group}/${resource}/${subresource}` !== "/serviceaccounts/token") return undefined;
  return async ({ info }, object) => {
    const account = await deps.objects("", "serviceaccounts").get(info.namespace, info.name);
    if (account === undefined) throw notFound({ group: "", resource: "serviceaccounts" }, info.name);
    const given = object.metadata ?? {};
    object.metadata = {
      ...given,
      name: given.name || info.name,
      namespace: given.namespace || info.namespace,
      uid: given.uid || (account.metadata?.uid as string),
      creationTimestamp: formatTime(deps.clock.now()),
    };
    object["status"] = { token: "", expirationTimestamp: null };
  };
}
