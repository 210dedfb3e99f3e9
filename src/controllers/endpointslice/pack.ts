/** Packs endpoints into slices with few writes. Pure; shared with the mirroring of Endpoints objects. */
import type { Endpoint, EndpointPort, EndpointSlice } from "../../schema/types/discovery-v1.ts";

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** Endpoints that serve the same ports. */
export interface PortGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface PackInput {
  /** Slices of one address type that are ours. */
  readonly existing: readonly EndpointSlice[];
  readonly groups: readonly PortGroup[];
  readonly maxEndpoints: number;
  /** A slice without endpoints, to be named by the server. */
  readonly newSlice: (ports: readonly EndpointPort[]) => EndpointSlice;
  /** `slice` with the metadata it ought to have; the same object when it has. */
  readonly refresh: (slice: EndpointSlice) => EndpointSlice;
  /** An empty slice stands in when there would be none. */
  readonly placeholder: boolean;
}

/** Ports as a key: order does not count. */
export function portsKey(ports: readonly EndpointPort[] | null | undefined): string {
  return JSON.stringify(
    (ports ?? []).map((p) => JSON.stringify([p.name ?? "", p.protocol ?? "", p.port ?? 0, p.appProtocol ?? ""])).sort(),
  );
}

/** What stays the same while an endpoint changes its conditions. */
function identity({ addresses, targetRef }: Endpoint): string {
  const all = addresses.length === 1 ? (addresses[0] ?? "") : [...addresses].sort().join();
  return `${all} ${targetRef?.namespace ?? ""}/${targetRef?.name ?? ""}`;
}

/** Endpoints of cached slices are frozen: what was worked out for one holds for ever. */
const known = new WeakMap<Endpoint, string>();

function contents(endpoint: Endpoint): string {
  let text = known.get(endpoint);
  if (text !== undefined) return text;
  const { conditions: c, hints, targetRef: t, deprecatedTopology } = endpoint;
  const rest =
    hints === undefined && deprecatedTopology === undefined ? "" : JSON.stringify([hints?.forZones, hints?.forNodes, deprecatedTopology]);
  text = `${c?.ready}${c?.serving}${c?.terminating} ${endpoint.hostname ?? ""} ${endpoint.nodeName ?? ""} ${endpoint.zone ?? ""} ${t?.kind ?? ""} ${t?.uid ?? ""}${rest}`;
  if (Object.isFrozen(endpoint)) known.set(endpoint, text);
  return text;
}

const sizeOf = (slice: EndpointSlice): number => slice.endpoints?.length ?? 0;

/**
 * Keeps endpoints in the slices that have them; new ones fill slices that are written anyhow, then one unchanged slice
 * into which all of the rest fit, then new slices. Slices are never balanced: each write reaches every node.
 */
export function packSlices(input: PackInput): SlicePlan {
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of input.existing) {
    const key = portsKey(slice.ports);
    byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
  }
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  let remove: EndpointSlice[] = [];
  for (const group of input.groups) {
    const key = portsKey(group.ports);
    const plan = packGroup(input, group, byPorts.get(key) ?? []);
    byPorts.delete(key);
    create.push(...plan.create);
    update.push(...plan.update);
    remove.push(...plan.remove);
  }
  for (const slices of byPorts.values()) remove.push(...slices);
  if (input.placeholder && remove.length === input.existing.length && create.length === 0) {
    const standIn = remove.find((s) => remove.length === 1 && sizeOf(s) === 0 && (s.ports ?? []).length === 0 && input.refresh(s) === s);
    if (standIn !== undefined) remove = [];
    else create.push(input.newSlice([]));
  }
  return recycle({ create, update, remove });
}

function packGroup(input: PackInput, group: PortGroup, existing: readonly EndpointSlice[]): SlicePlan {
  const missing = new Map(group.endpoints.map((e) => [identity(e), e]));
  const changed: EndpointSlice[] = [];
  const unchanged: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  for (const slice of existing) {
    const kept: Endpoint[] = [];
    let differs = false;
    for (const old of slice.endpoints ?? []) {
      const wanted = missing.get(identity(old));
      if (wanted === undefined) {
        differs = true;
        continue;
      }
      missing.delete(identity(old));
      kept.push(wanted);
      if (contents(old) !== contents(wanted)) differs = true;
    }
    const refreshed = input.refresh(slice);
    if (kept.length === 0 && differs) remove.push(slice);
    else if (differs) changed.push({ ...refreshed, endpoints: kept });
    else if (refreshed !== slice) changed.push({ ...refreshed, endpoints: slice.endpoints ?? [] });
    else unchanged.push(slice);
  }
  const rest = [...missing.values()];
  const fill = (slice: EndpointSlice): EndpointSlice => ({
    ...slice,
    endpoints: [...(slice.endpoints ?? []), ...rest.splice(0, Math.max(0, input.maxEndpoints - sizeOf(slice)))],
  });
  const update = changed.sort((a, b) => sizeOf(b) - sizeOf(a)).map(fill);
  const create: EndpointSlice[] = [];
  while (rest.length > 0) {
    const roomy = rest.length < input.maxEndpoints ? closest(unchanged, rest.length, input.maxEndpoints) : undefined;
    if (roomy === undefined) create.push(fill(input.newSlice(group.ports)));
    else {
      unchanged.splice(unchanged.indexOf(roomy), 1);
      update.push(fill(roomy));
    }
  }
  return { create, update, remove };
}

/** The fullest slice that has room for `count` more. */
function closest(slices: readonly EndpointSlice[], count: number, max: number): EndpointSlice | undefined {
  let best: EndpointSlice | undefined;
  for (const slice of slices) {
    if (sizeOf(slice) + count <= max && (best === undefined || sizeOf(slice) > sizeOf(best))) best = slice;
  }
  return best;
}

/** A slice that would go takes the contents of one that would be made: one write and one event fewer. */
function recycle(plan: SlicePlan): SlicePlan {
  const create = [...plan.create];
  const update = [...plan.update];
  const remove: EndpointSlice[] = [];
  for (const old of plan.remove) {
    const at = create.findLastIndex((s) => s.addressType === old.addressType);
    const next = create[at];
    if (next === undefined) {
      remove.push(old);
      continue;
    }
    create.splice(at, 1);
    const { generateName: _prefix, ...metadata } = next.metadata ?? {};
    update.push({ ...next, metadata: { ...old.metadata, ...metadata } });
  }
  return { create, update, remove };
}
