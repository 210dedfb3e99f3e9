/** The endpoint slices of a service, from its pods. Pure. */
import { services, type Node, type Pod, type Service } from "../../schema/types/core-v1.ts";
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { controllerRef } from "../ownership.ts";
import { isPodReady } from "../pod-state.ts";
import { findPort, hasClusterIp, hasEndpoint, headlessLabel, hostnameIn, isIPv6, podIps } from "../service-pods.ts";
import { packSlices, portsKey, type PortGroup, type SlicePlan } from "./pack.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const manager = "endpointslice-controller.k8s.io";
const zoneLabel = "topology.kubernetes.io/zone";
const reserved = new Set([serviceNameLabel, managedByLabel, headlessLabel]);

export interface SlicesInput {
  readonly service: Service;
  readonly pods: readonly Pod[];
  /** Slices of the service that this controller manages, those that are being deleted left out. */
  readonly existing: readonly EndpointSlice[];
  readonly node: (name: string) => Node | undefined;
  /** Endpoints a slice; 100 upstream. */
  readonly maxEndpoints: number;
}

export interface ServiceSlicePlan extends SlicePlan {
  /** Pods that could not be placed. */
  readonly problems: readonly string[];
}

function addressTypes(service: Service): string[] {
  const families = (service.spec?.ipFamilies ?? []).filter((f) => f === "IPv4" || f === "IPv6");
  if (families.length > 0) return families;
  if (hasClusterIp(service)) return [isIPv6(service.spec?.clusterIP ?? "") ? "IPv6" : "IPv4"];
  return ["IPv4", "IPv6"];
}

export function planSlices(input: SlicesInput): ServiceSlicePlan {
  const { service, existing } = input;
  const types = addressTypes(service);
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const remove = existing.filter((s) => !types.includes(s.addressType));
  const problems = new Set<string>();
  for (const type of types) {
    const ofType = existing.filter((s) => s.addressType === type);
    const owned = ofType.filter((s) => isOwned(s, service));
    remove.push(...ofType.filter((s) => !isOwned(s, service)));
    const plan = packSlices({
      existing: owned,
      groups: portGroups(input, type, problems),
      maxEndpoints: input.maxEndpoints,
      newSlice: (ports) => newSlice(service, type, ports),
      refresh: (slice) => withLabels(slice, service),
      placeholder: true,
    });
    create.push(...plan.create);
    update.push(...plan.update);
    remove.push(...plan.remove);
  }
  return { create: service.metadata?.deletionTimestamp === undefined ? create : [], update, remove, problems: [...problems] };
}

function isOwned(slice: EndpointSlice, service: Service): boolean {
  return (
    slice.metadata?.ownerReferences?.some((r) => r.uid === service.metadata?.uid && r.kind === "Service" && r.apiVersion === "v1") === true
  );
}

function portGroups(input: SlicesInput, type: string, problems: Set<string>): PortGroup[] {
  const { service } = input;
  const { name, namespace } = service.metadata ?? {};
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of input.pods) {
    if (!hasEndpoint(pod, true)) continue;
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ports, endpoints: [] }));
    const nodeName = pod.spec?.nodeName ?? "";
    const node = input.node(nodeName);
    if (node === undefined && service.spec?.publishNotReadyAddresses !== true) {
      problems.add(`skipping Pod ${pod.metadata?.name ?? ""} for Service ${namespace ?? ""}/${name ?? ""}: Node ${nodeName} Not Found`);
      continue;
    }
    const endpoint = endpointOf(service, pod, node, type);
    if (endpoint.addresses.length > 0) group.endpoints.push(endpoint);
  }
  return [...groups.values()];
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = findPort(pod, port);
    if (number === undefined) continue;
    const { name = "", protocol, appProtocol } = port;
    ports.push({ name, port: number, ...(protocol ? { protocol } : {}), ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return ports;
}

function endpointOf(service: Service, pod: Pod, node: Node | undefined, type: string): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { namespace, name, uid } = pod.metadata ?? {};
  const hostname = hostnameIn(service, pod);
  const zone = node?.metadata?.labels?.[zoneLabel] || undefined;
  const nodeName = pod.spec?.nodeName || undefined;
  const hints = ready ? hintsFor(service.spec?.trafficDistribution, zone, nodeName) : undefined;
  return {
    addresses: podIps(pod).filter((ip) => isIPv6(ip) === (type === "IPv6")),
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(hints === undefined ? {} : { hints }),
  };
}

/** Where traffic should come from (KEP-4444, KEP-3015): one's own zone, and one's own node when that is asked for. */
function hintsFor(distribution: string | undefined, zone: string | undefined, node: string | undefined): EndpointHints | undefined {
  if (distribution !== "PreferClose" && distribution !== "PreferSameZone" && distribution !== "PreferSameNode") return undefined;
  const forNode = distribution === "PreferSameNode" ? node : undefined;
  if (zone === undefined && forNode === undefined) return undefined;
  return {
    ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
    ...(forNode === undefined ? {} : { forNodes: [{ name: forNode }] }),
  };
}

function newSlice(service: Service, addressType: string, ports: readonly EndpointPort[]): EndpointSlice {
  const { name = "", namespace } = service.metadata ?? {};
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [controllerRef(service, services)],
    },
    addressType,
    // Absent lists read as null, as upstream's do.
    ...(ports.length === 0 ? {} : { ports: [...ports] }),
  };
  return withLabels(slice, service);
}

/** The service's labels, and those that say whose slice it is; the same object when it has them. */
function withLabels(slice: EndpointSlice, service: Service): EndpointSlice {
  const labels: Record<string, string> = {};
  for (const [key, value] of Object.entries(service.metadata?.labels ?? {})) if (!reserved.has(key)) labels[key] = value;
  if (!hasClusterIp(service)) labels[headlessLabel] = "";
  labels[serviceNameLabel] = service.metadata?.name ?? "";
  labels[managedByLabel] = manager;
  const present = slice.metadata?.labels ?? {};
  const keys = Object.keys(labels);
  if (keys.length === Object.keys(present).length && keys.every((k) => present[k] === labels[k])) return slice;
  return { ...slice, metadata: { ...slice.metadata, labels } };
}
