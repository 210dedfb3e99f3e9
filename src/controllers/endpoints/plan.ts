/** The legacy Endpoints object of a service. Pure. */
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Pod, Service } from "../../schema/types/core-v1.ts";
import { isPodReady } from "../pod-state.ts";
import { findPort, hasClusterIp, hasEndpoint, headlessLabel, hostnameIn, isIPv6, podIps, triggerTimeAnnotation } from "../service-pods.ts";

export const managedByLabel = "endpoints.kubernetes.io/managed-by";
const manager = "endpoint-controller";
const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
/** Addresses that one object holds at most. */
const capacity = 1000;

type Ready = { readonly address: EndpointAddress; readonly ready: boolean };

function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const family = service.spec?.ipFamilies?.[0];
  const wantsIPv6 =
    family !== undefined ? family === "IPv6" : isIPv6(hasClusterIp(service) ? (service.spec?.clusterIP ?? "") : (pod.status?.podIP ?? ""));
  const ip = podIps(pod).find((i) => isIPv6(i) === wantsIPv6);
  if (ip === undefined) return undefined;
  const { namespace, name, uid } = pod.metadata ?? {};
  const hostname = hostnameIn(service, pod);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    nodeName: pod.spec?.nodeName ?? "",
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

const text = (value: unknown): string => JSON.stringify(value);

/** Addresses that serve the same ports share a subset; everything sorted, so that equal contents are equal objects. */
export function endpointSubsets(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const tolerate = service.spec?.publishNotReadyAddresses === true;
  const byPort = new Map<string, { port: EndpointPort | undefined; members: Map<string, Ready> }>();
  const add = (port: EndpointPort | undefined, member: Ready): void => {
    const key = text(port ?? null);
    let entry = byPort.get(key);
    if (entry === undefined) byPort.set(key, (entry = { port, members: new Map() }));
    entry.members.set(`${member.address.ip}/${member.address.targetRef?.uid ?? ""}`, member);
  };
  for (const pod of pods) {
    const address = hasEndpoint(pod, tolerate) ? addressOf(service, pod) : undefined;
    if (address === undefined) continue;
    const member = { address, ready: tolerate || isPodReady(pod) };
    const ports = service.spec?.ports ?? [];
    if (ports.length === 0 && service.spec?.clusterIP === "None") add(undefined, member);
    for (const port of ports) {
      const number = findPort(pod, port);
      if (number === undefined) continue;
      const { name, protocol, appProtocol } = port;
      add(
        {
          ...(name ? { name } : {}),
          port: number,
          ...(protocol ? { protocol } : {}),
          ...(appProtocol === undefined ? {} : { appProtocol }),
        },
        member,
      );
    }
  }
  return merge([...byPort.values()]);
}

function merge(entries: readonly { port: EndpointPort | undefined; members: Map<string, Ready> }[]): EndpointSubset[] {
  const subsets = new Map<string, { ports: EndpointPort[]; members: Ready[] }>();
  for (const { port, members } of entries) {
    const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
    const key = sorted.map(([k, m]) => (m.ready ? k : `!${k}`)).join();
    let subset = subsets.get(key);
    if (subset === undefined) subsets.set(key, (subset = { ports: [], members: sorted.map(([, m]) => m) }));
    if (port !== undefined) subset.ports.push(port);
  }
  const list = [...subsets].map(([key, { ports, members }]): [string, EndpointSubset] => {
    const addresses = members.filter((m) => m.ready).map((m) => m.address);
    const notReadyAddresses = members.filter((m) => !m.ready).map((m) => m.address);
    const sortedPorts = ports.sort((a, b) => (text(a) < text(b) ? -1 : 1));
    return [
      text(sortedPorts) + key,
      {
        ...(addresses.length === 0 ? {} : { addresses }),
        ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
        ...(ports.length === 0 ? {} : { ports: sortedPorts }),
      },
    ];
  });
  return list.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, subset]) => subset);
}

const size = (subsets: readonly EndpointSubset[], field: "addresses" | "notReadyAddresses"): number =>
  subsets.reduce((n, s) => n + (s[field]?.length ?? 0), 0);

/** At most {@link capacity} addresses, ready ones first, taken from the subsets in proportion; the same array when they fit. */
export function truncateSubsets(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const ready = size(subsets, "addresses");
  const unready = size(subsets, "notReadyAddresses");
  if (ready + unready <= capacity) return subsets;
  const field = ready > capacity ? "addresses" : "notReadyAddresses";
  const most = ready > capacity ? capacity : capacity - ready;
  const total = ready > capacity ? ready : unready;
  let left = most;
  return subsets.map((subset) => {
    const present = subset[field] ?? [];
    const kept = present.slice(0, Math.min(left, Math.ceil((present.length / total) * most)));
    left -= kept.length;
    const { addresses, notReadyAddresses: _unready, ...rest } = subset;
    const own = kept.length === 0 ? {} : { [field]: kept };
    return field === "addresses" || addresses === undefined ? { ...rest, ...own } : { addresses, ...rest, ...own };
  });
}

export interface EndpointsInput {
  readonly service: Service;
  readonly pods: readonly Pod[];
  readonly present: Endpoints | undefined;
  /** What the annotation says; called only when something is to be written. */
  readonly since: string | undefined;
}

/** The object to be created (no resourceVersion) or written over `present`; undefined when that is right as it is. */
export function planEndpoints({ service, pods, present, since }: EndpointsInput): Endpoints | undefined {
  const all = endpointSubsets(service, pods);
  const subsets = truncateSubsets(all);
  const labels: Record<string, string> = { ...service.metadata?.labels, [managedByLabel]: manager };
  if (hasClusterIp(service)) delete labels[headlessLabel];
  else labels[headlessLabel] = "";
  const over = subsets !== all;
  if (present !== undefined && same(present, subsets, labels, over)) return undefined;
  const { [triggerTimeAnnotation]: _since, [overCapacityAnnotation]: _over, ...kept } = present?.metadata?.annotations ?? {};
  const annotations = {
    ...kept,
    ...(since === undefined ? {} : { [triggerTimeAnnotation]: since }),
    ...(over ? { [overCapacityAnnotation]: "truncated" } : {}),
  };
  const { annotations: _annotations, ...metadata } = present?.metadata ?? {
    name: service.metadata?.name,
    namespace: service.metadata?.namespace,
  };
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...metadata, labels, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    ...(subsets.length === 0 ? {} : { subsets: [...subsets] }),
  };
}

const sortedEntries = (map: Record<string, string> | undefined): string =>
  text(Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Order of keys and of lists does not count: the server keeps its own. */
function same(present: Endpoints, subsets: readonly EndpointSubset[], labels: Record<string, string>, over: boolean): boolean {
  if (sortedEntries(present.metadata?.labels) !== sortedEntries(labels)) return false;
  if ((present.metadata?.annotations?.[overCapacityAnnotation] !== undefined) !== over) return false;
  return canonical(present.subsets ?? []) === canonical(subsets);
}

/** Addresses of cached objects are frozen: what was worked out for one holds for ever. */
const known = new WeakMap<EndpointAddress, string>();

function addressText(address: EndpointAddress): string {
  let line = known.get(address);
  if (line !== undefined) return line;
  const { ip, hostname = "", nodeName = "", targetRef: t } = address;
  line = `${ip} ${hostname} ${nodeName} ${t?.kind ?? ""} ${t?.namespace ?? ""}/${t?.name ?? ""} ${t?.uid ?? ""}`;
  if (Object.isFrozen(address)) known.set(address, line);
  return line;
}

function canonical(subsets: readonly EndpointSubset[]): string {
  const port = (p: EndpointPort): string => text([p.name ?? "", p.port, p.protocol ?? "TCP", p.appProtocol ?? ""]);
  const lines = (list: readonly EndpointAddress[] | undefined): string => (list ?? []).map(addressText).sort().join(";");
  return subsets
    .map((s) => `${lines(s.addresses)}|${lines(s.notReadyAddresses)}|${(s.ports ?? []).map(port).sort().join(";")}`)
    .sort()
    .join("\n");
}
