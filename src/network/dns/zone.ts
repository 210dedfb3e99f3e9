/**
 * What cluster DNS answers, as pure functions over Services and EndpointSlices: the Kubernetes DNS specification 1.1.0,
 * with CoreDNS's choices where it leaves one (endpoint names are dashed addresses, pod names are answered unverified).
 */
import type { Endpoint, EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { Service } from "../../schema/types/core-v1.ts";

export type RecordType = "A" | "AAAA" | "SRV" | "PTR" | "CNAME" | "TXT" | "SOA" | "NS" | "ANY";

export type ZoneRecord =
  | { name: string; type: "A"; ttl: number; data: string }
  | { name: string; type: "CNAME" | "PTR"; ttl: number; data: string }
  | { name: string; type: "TXT"; ttl: number; data: string }
  | { name: string; type: "SRV"; ttl: number; data: { priority: number; weight: number; port: number; target: string } };

export interface ZoneSource {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  namespaceExists(namespace: string): boolean;
  /** Services and endpoints that hold an address, for reverse look-ups. */
  servicesAt(address: string): readonly Service[];
  slicesAt(address: string): readonly EndpointSlice[];
}

/** `records` empty and `exists`: the name is there, with nothing of this type (NODATA). Not `exists`: NXDOMAIN. */
export interface ZoneAnswer {
  readonly exists: boolean;
  readonly records: ZoneRecord[];
  readonly additional: ZoneRecord[];
  /** An ExternalName that still has to be looked up elsewhere. */
  readonly follow?: string | undefined;
}

const none: ZoneAnswer = { exists: false, records: [], additional: [] };
const empty: ZoneAnswer = { exists: true, records: [], additional: [] };
export const ttl = 5;

const headless = (s: Service): boolean => s.spec?.clusterIP === "None";

/** Answers for `name` below `zone` (both lower case, without the closing dot). Undefined: not this zone's. */
export function lookUp(source: ZoneSource, zone: string, name: string, type: RecordType): ZoneAnswer | undefined {
  const reverse = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (reverse !== null) return lookUpAddress(source, zone, name, `${reverse[4]}.${reverse[3]}.${reverse[2]}.${reverse[1]}`, type);
  if (name === zone) return empty;
  if (!name.endsWith(`.${zone}`)) return undefined;
  const labels = name.slice(0, -zone.length - 1).split(".");
  const kind = labels.pop();
  if (kind === "dns-version" && labels.length === 0)
    return { exists: true, additional: [], records: wants(type, "TXT") ? [{ name, type: "TXT", ttl, data: "1.1.0" }] : [] };
  if (kind === "svc") return lookUpService(source, zone, name, labels, type);
  if (kind === "pod") return lookUpPod(source, name, labels, type);
  return none;
}

function wants(asked: RecordType, has: RecordType): boolean {
  return asked === has || asked === "ANY";
}

function lookUpPod(source: ZoneSource, name: string, labels: string[], type: RecordType): ZoneAnswer {
  const namespace = labels.pop();
  if (namespace === undefined) return empty;
  if (!source.namespaceExists(namespace)) return none;
  if (labels.length === 0) return empty;
  const address = (labels[0] as string).replaceAll("-", ".");
  if (labels.length > 1 || !/^(\d{1,3}\.){3}\d{1,3}$/.test(address) || address.split(".").some((p) => Number(p) > 255)) return none;
  return { exists: true, additional: [], records: wants(type, "A") ? [{ name, type: "A", ttl, data: address }] : [] };
}

function lookUpService(source: ZoneSource, zone: string, name: string, labels: string[], type: RecordType): ZoneAnswer {
  const namespace = labels.pop();
  if (namespace === undefined) return empty;
  const serviceName = labels.pop();
  if (serviceName === undefined) return source.namespaceExists(namespace) ? empty : none;
  const service = source.service(namespace, serviceName);
  if (service === undefined) return none;
  const base = `${serviceName}.${namespace}.svc.${zone}`;
  if (service.spec?.type === "ExternalName") {
    const target = (service.spec.externalName ?? "").replace(/\.$/, "").toLowerCase();
    if (labels.length > 0 || target === "") return none;
    return {
      exists: true,
      additional: [],
      records: [{ name, type: "CNAME", ttl, data: target }],
      follow: type === "CNAME" ? undefined : target,
    };
  }
  if (labels.length === 2 && (labels[0] as string).startsWith("_") && (labels[1] as string).startsWith("_")) {
    return servicePorts(source, service, base, name, (labels[0] as string).slice(1), (labels[1] as string).slice(1), type);
  }
  if (labels.length > 1) return none;
  if (!headless(service)) {
    if (labels.length > 0) return none;
    const addresses = (service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ""]).filter((a) => a.includes("."));
    if (type === "SRV") return servicePorts(source, service, base, name, "*", "*", type);
    return { exists: true, additional: [], records: wants(type, "A") ? addresses.map((data) => ({ name, type: "A", ttl, data })) : [] };
  }
  const members = membersOf(source, service).filter((m) => labels.length === 0 || m.host === labels[0]);
  if (members.length === 0) return none;
  if (type === "SRV" && labels.length === 0) return servicePorts(source, service, base, name, "*", "*", type);
  return {
    exists: true,
    additional: [],
    records: wants(type, "A") ? distinct(members.map((m) => m.address)).map((data) => ({ name, type: "A", ttl, data })) : [],
  };
}

interface Member {
  address: string;
  host: string;
  slice: EndpointSlice;
}

/** The endpoints of a headless Service that may be told: ready ones (the slice's controller counts unready ones as ready where the Service publishes them). */
function membersOf(source: ZoneSource, service: Service): Member[] {
  const found: Member[] = [];
  for (const slice of source.slices(service.metadata?.namespace ?? "", service.metadata?.name ?? "")) {
    if (slice.addressType !== "IPv4") continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      for (const address of endpoint.addresses) found.push({ address, host: hostOf(endpoint, address), slice });
    }
  }
  return found;
}

function hostOf(endpoint: Endpoint, address: string): string {
  return endpoint.hostname?.toLowerCase() || address.replaceAll(".", "-");
}

function servicePorts(
  source: ZoneSource,
  service: Service,
  base: string,
  name: string,
  port: string,
  protocol: string,
  type: RecordType,
): ZoneAnswer {
  const records: ZoneRecord[] = [];
  const additional = new Map<string, ZoneRecord>();
  const matches = (p: { name?: string | undefined; protocol?: string | undefined }): boolean =>
    (port === "*" || (p.name ?? "").toLowerCase() === port) && (protocol === "*" || (p.protocol ?? "TCP").toLowerCase() === protocol);
  if (headless(service)) {
    for (const m of membersOf(source, service)) {
      for (const p of m.slice.ports ?? []) {
        if (!matches(p) || p.port === undefined) continue;
        const target = `${m.host}.${base}`;
        records.push({ name, type: "SRV", ttl, data: { priority: 0, weight: 100, port: p.port, target } });
        additional.set(`${target} ${m.address}`, { name: target, type: "A", ttl, data: m.address });
      }
    }
  } else {
    for (const p of service.spec?.ports ?? []) {
      if (!matches(p)) continue;
      records.push({ name, type: "SRV", ttl, data: { priority: 0, weight: 100, port: p.port, target: base } });
      for (const a of service.spec?.clusterIPs ?? []) if (a.includes(".")) additional.set(a, { name: base, type: "A", ttl, data: a });
    }
  }
  if (records.length === 0) return none;
  const weight = Math.max(1, Math.floor(100 / records.length));
  for (const r of records) if (r.type === "SRV") r.data.weight = weight;
  return wants(type, "SRV") ? { exists: true, records, additional: [...additional.values()] } : empty;
}

function lookUpAddress(source: ZoneSource, zone: string, name: string, address: string, type: RecordType): ZoneAnswer | undefined {
  const targets: string[] = [];
  for (const s of source.servicesAt(address)) targets.push(`${s.metadata?.name ?? ""}.${s.metadata?.namespace ?? ""}.svc.${zone}`);
  for (const slice of source.slicesAt(address)) {
    const service = slice.metadata?.labels?.["kubernetes.io/service-name"];
    const namespace = slice.metadata?.namespace ?? "";
    if (service === undefined || !isHeadless(source, namespace, service)) continue;
    for (const e of slice.endpoints ?? [])
      if (e.addresses.includes(address)) targets.push(`${hostOf(e, address)}.${service}.${namespace}.svc.${zone}`);
  }
  if (targets.length === 0) return undefined;
  return {
    exists: true,
    additional: [],
    records: wants(type, "PTR") ? distinct(targets).map((data) => ({ name, type: "PTR", ttl, data })) : [],
  };
}

function isHeadless(source: ZoneSource, namespace: string, name: string): boolean {
  const service = source.service(namespace, name);
  return service !== undefined && headless(service);
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
