/**
 * The service proxy as a pure function: Services and EndpointSlices in, elements of the data maps out. What the maps mean
 * stands in `ruleset.ts`.
 */
import type { Endpoint, EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { Service, ServicePort } from "../../schema/types/core-v1.ts";

export type MapName =
  | "services"
  | "backends"
  | "nodeports"
  | "nodeport-backends"
  | "sticky-backends"
  | "sticky-nodeport-backends"
  | "sticky-endpoints"
  | "without-endpoints"
  | "nodeports-without-endpoints";
export type SetName = "cluster-ips" | "hairpin";

/** What the kernel should hold: key → value for maps, keys for sets; and the shared chains that verdicts go to. */
export interface ProxyPlan {
  readonly maps: Record<MapName, Map<string, string>>;
  readonly sets: Record<SetName, Set<string>>;
  readonly chains: Set<string>;
}

export interface ProxyInput {
  readonly nodeName: string;
  readonly services: readonly Service[];
  /** The slices of a Service, by `namespace/name`. */
  readonly slicesOf: (service: string) => readonly EndpointSlice[];
  /** Service addresses that this node answers by itself (cluster DNS). */
  readonly local: ReadonlySet<string>;
  /** A number for an endpoint of a port, the same whenever it is asked for: what session affinity remembers of a client. */
  readonly idOf: (endpoint: string) => number;
}

interface Backend {
  address: string;
  port: number;
  local: boolean;
}

export function emptyPlan(): ProxyPlan {
  return {
    maps: {
      services: new Map(),
      backends: new Map(),
      nodeports: new Map(),
      "nodeport-backends": new Map(),
      "sticky-backends": new Map(),
      "sticky-nodeport-backends": new Map(),
      "sticky-endpoints": new Map(),
      "without-endpoints": new Map(),
      "nodeports-without-endpoints": new Map(),
    },
    sets: { "cluster-ips": new Set(), hairpin: new Set() },
    chains: new Set(),
  };
}

/** Seconds, as the API's default. */
const defaultAffinity = 10_800;

const isV4 = (address: string): boolean => address.includes(".");

/** Ready endpoints; when there is none, those that still serve while they terminate (KEP-1669). */
export function usable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const ready = endpoints.filter((e) => e.conditions?.ready !== false);
  return ready.length > 0 ? ready : endpoints.filter((e) => e.conditions?.serving === true && e.conditions.terminating === true);
}

/** The endpoints of one port of a Service, each once, in a stable order. */
export function backendsOf(port: ServicePort, slices: readonly EndpointSlice[], nodeName: string): Backend[] {
  const found = new Map<string, Backend>();
  const candidates: { endpoint: Endpoint; port: number }[] = [];
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") continue;
    const target = (slice.ports ?? []).find(
      (p) => (p.name ?? "") === (port.name ?? "") && (p.protocol ?? "TCP") === (port.protocol ?? "TCP"),
    );
    if (target?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) candidates.push({ endpoint, port: target.port });
  }
  const chosen = new Set(usable(candidates.map((c) => c.endpoint)));
  for (const { endpoint, port: number } of candidates) {
    if (!chosen.has(endpoint)) continue;
    for (const address of endpoint.addresses)
      found.set(`${address}:${number}`, { address, port: number, local: endpoint.nodeName === nodeName });
  }
  return [...found.values()].sort((a, b) => (a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1));
}

/** `sticky`: seconds for which a client keeps its endpoint; undefined: each connection draws anew. */
interface ChainKind {
  masquerade: boolean;
  nodePort: boolean;
  sticky: number | undefined;
}

/** `r3`: three endpoints at random; `h3t60`: three, kept for a client for 60 s. Prefix `n`: keyed by node port; `m`: masqueraded. */
function chain(plan: ProxyPlan, kind: ChainKind, count: number): string {
  const inner = `${kind.nodePort ? "n" : ""}${kind.sticky === undefined ? `r${count}` : `h${count}t${kind.sticky}`}`;
  plan.chains.add(inner);
  if (!kind.masquerade) return inner;
  plan.chains.add(`m${inner}`);
  return `m${inner}`;
}

/** Labels that say that another proxy, or none, is to serve a Service or an EndpointSlice. */
const othersLabels = ["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"];

function isForOthers({ metadata }: Service | EndpointSlice): boolean {
  const labels = metadata?.labels;
  return labels !== undefined && othersLabels.some((l) => Object.hasOwn(labels, l));
}

/**
 * Chains that a whole load makes beforehand: nft (1.0.6) cannot make rules on maps that it read back from the kernel, so that
 * one chain more means loading the whole table, and forgetting what clients with affinity had.
 */
export function commonChains(): Set<string> {
  const plan = emptyPlan();
  for (const nodePort of [false, true])
    for (const masquerade of [false, true])
      for (let count = 1; count <= 16; count++) {
        chain(plan, { nodePort, masquerade, sticky: undefined }, count);
        chain(plan, { nodePort, masquerade, sticky: defaultAffinity }, count);
      }
  return plan.chains;
}

export function planProxy(input: ProxyInput): ProxyPlan {
  const plan = emptyPlan();
  for (const service of input.services) {
    const spec = service.spec ?? {};
    if (spec.type === "ExternalName" || !spec.clusterIP || spec.clusterIP === "None" || isForOthers(service)) continue;
    const { namespace = "", name = "" } = service.metadata ?? {};
    const slices = input.slicesOf(`${namespace}/${name}`).filter((s) => !isForOthers(s));
    const clusterIps = (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP]).filter((ip) => isV4(ip) && !input.local.has(ip));
    for (const ip of clusterIps) plan.sets["cluster-ips"].add(ip);
    for (const port of spec.ports ?? []) planPort(plan, input, service, port, slices, clusterIps);
  }
  return plan;
}

function planPort(
  plan: ProxyPlan,
  input: ProxyInput,
  service: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  clusterIps: readonly string[],
): void {
  const spec = service.spec ?? {};
  const protocol = (port.protocol ?? "TCP").toLowerCase();
  const sticky =
    spec.sessionAffinity === "ClientIP" ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinity) : undefined;
  const put = (nodePort: boolean, key: string, backends: readonly Backend[]): void => {
    if (sticky === undefined) putBackends(plan, nodePort ? "nodeport-backends" : "backends", key, backends);
    else putSticky(plan, nodePort ? "sticky-nodeport-backends" : "sticky-backends", key, backends, input.idOf);
  };
  const all = backendsOf(port, slices, input.nodeName);
  const local = all.filter((b) => b.local);
  for (const b of all) if (b.local) plan.sets.hairpin.add(`${b.address} . ${b.address}`);

  const internalLocal = spec.internalTrafficPolicy === "Local";
  const internal = internalLocal ? local : all;
  for (const ip of clusterIps) {
    const key = `${ip} . ${protocol} . ${port.port}`;
    if (internal.length > 0) {
      plan.maps.services.set(key, `goto ${chain(plan, { masquerade: false, nodePort: false, sticky }, internal.length)}`);
      put(false, key, internal);
    } else plan.maps["without-endpoints"].set(key, internalLocal && all.length > 0 ? "drop" : "goto refuse");
  }

  const externalLocal = spec.externalTrafficPolicy === "Local";
  const external = externalLocal ? local : all;
  const outside = [
    ...(spec.externalIPs ?? []),
    ...(service.status?.loadBalancer?.ingress ?? []).filter((i) => i.ipMode !== "Proxy").map((i) => i.ip ?? ""),
  ].filter((ip) => ip !== "" && isV4(ip));
  for (const ip of outside) {
    const key = `${ip} . ${protocol} . ${port.port}`;
    if (external.length > 0) {
      plan.maps.services.set(key, `goto ${chain(plan, { masquerade: !externalLocal, nodePort: false, sticky }, external.length)}`);
      put(false, key, external);
    } else plan.maps["without-endpoints"].set(key, externalLocal && all.length > 0 ? "drop" : "goto refuse");
  }
  if (port.nodePort) {
    const key = `${protocol} . ${port.nodePort}`;
    if (external.length > 0) {
      plan.maps.nodeports.set(key, `goto ${chain(plan, { masquerade: !externalLocal, nodePort: true, sticky }, external.length)}`);
      put(true, key, external);
    } else plan.maps["nodeports-without-endpoints"].set(key, externalLocal && all.length > 0 ? "drop" : "goto refuse");
  }
}

/** Each endpoint of each key has an id of its own: one that left this port is not found, though it serves another. */
function putSticky(
  plan: ProxyPlan,
  map: "sticky-backends" | "sticky-nodeport-backends",
  key: string,
  backends: readonly Backend[],
  idOf: ProxyInput["idOf"],
): void {
  backends.forEach((b, i) => {
    const id = idOf(`${key} ${b.address}:${b.port}`);
    plan.maps[map].set(`${key} . ${i}`, String(id));
    plan.maps["sticky-endpoints"].set(String(id), `${b.address} . ${b.port}`);
  });
}

function putBackends(plan: ProxyPlan, map: "backends" | "nodeport-backends", key: string, backends: readonly Backend[]): void {
  backends.forEach((b, i) => plan.maps[map].set(`${key} . ${i}`, `${b.address} . ${b.port}`));
}
