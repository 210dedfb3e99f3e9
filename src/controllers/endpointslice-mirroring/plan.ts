/** Slices that mirror an Endpoints object which someone maintains by hand. Pure. */
import { endpoints as endpointsRef, type EndpointAddress, type Endpoints, type Service } from "../../schema/types/core-v1.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { packSlices, portsKey, type PortGroup, type SlicePlan } from "../endpointslice/pack.ts";
import { managedByLabel, serviceNameLabel } from "../endpointslice/plan.ts";
import { controllerRef } from "../ownership.ts";
import { isIPv6, triggerTimeAnnotation } from "../service-pods.ts";

export const mirrorManager = "endpointslicemirroring-controller.k8s.io";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
const ownLabels = new Set([serviceNameLabel, managedByLabel]);
const ownAnnotations = new Set(["kubectl.kubernetes.io/last-applied-configuration", triggerTimeAnnotation]);
/** Addresses of a subset beyond this are not mirrored. */
const maxAddresses = 1000;

/** Whether slices are to be made for it: its service exists, selects nothing itself, and nobody opted out. */
export function shouldMirror(endpoints: Endpoints | undefined, service: Service | undefined): boolean {
  if (endpoints === undefined || service === undefined) return false;
  if (endpoints.metadata?.labels?.[skipLabel] === "true") return false;
  if (endpoints.metadata?.annotations?.[leaderAnnotation] !== undefined) return false;
  return service.spec?.selector === undefined || service.spec.selector === null;
}

export function planMirror(endpoints: Endpoints, existing: readonly EndpointSlice[], maxEndpoints: number): SlicePlan {
  const plans = ["IPv4", "IPv6"].map((type) =>
    packSlices({
      existing: existing.filter((s) => s.addressType === type),
      groups: groupsOf(endpoints, type),
      maxEndpoints,
      newSlice: (ports) => newSlice(endpoints, type, ports),
      refresh: (slice) => withMetadata(slice, endpoints),
      placeholder: false,
    }),
  );
  return {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: plans.flatMap((p) => p.remove),
  };
}

function groupsOf(endpoints: Endpoints, type: string): PortGroup[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, Endpoint> }>();
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map(({ name = "", port, protocol, appProtocol }) => ({
      name,
      port,
      ...(protocol ? { protocol } : {}),
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    const key = portsKey(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ports, endpoints: new Map() }));
    let taken = 0;
    for (const [ready, addresses] of [
      [true, subset.addresses],
      [false, subset.notReadyAddresses],
    ] as const) {
      for (const address of addresses ?? []) {
        if (taken++ >= maxAddresses || isIPv6(address.ip) !== (type === "IPv6")) continue;
        group.endpoints.set(`${address.ip}/${address.targetRef?.uid ?? ""}`, endpointOf(address, ready));
      }
    }
  }
  return [...groups.values()].filter((g) => g.endpoints.size > 0).map((g) => ({ ports: g.ports, endpoints: [...g.endpoints.values()] }));
}

function endpointOf(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function newSlice(endpoints: Endpoints, addressType: string, ports: readonly EndpointPort[]): EndpointSlice {
  const { name = "", namespace } = endpoints.metadata ?? {};
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [controllerRef(endpoints, endpointsRef)],
    },
    addressType,
    ...(ports.length === 0 ? {} : { ports: [...ports] }),
  };
  return withMetadata(slice, endpoints);
}

function withMetadata(slice: EndpointSlice, endpoints: Endpoints): EndpointSlice {
  const labels: Record<string, string> = { ...endpoints.metadata?.labels };
  for (const key of ownLabels) delete labels[key];
  labels[serviceNameLabel] = endpoints.metadata?.name ?? "";
  labels[managedByLabel] = mirrorManager;
  const annotations: Record<string, string> = { ...endpoints.metadata?.annotations };
  for (const key of ownAnnotations) delete annotations[key];
  const { [triggerTimeAnnotation]: since, ...present } = slice.metadata?.annotations ?? {};
  if (sameMap(slice.metadata?.labels ?? {}, labels) && sameMap(present, annotations)) return slice;
  const all = since === undefined ? annotations : { ...annotations, [triggerTimeAnnotation]: since };
  const { annotations: _old, ...metadata } = slice.metadata ?? {};
  return { ...slice, metadata: { ...metadata, labels, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) } };
}

function sameMap(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => a[k] === b[k]);
}
