/** From a service to an address behind it: for the proxy, webhooks and aggregated servers. */
import { notFound, serviceUnavailable } from "../../core/api-error.ts";
import type { EndpointAddress, Endpoints, Pod, Service } from "../../schema/types/core-v1.ts";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { TargetName } from "../proxy/target-name.ts";

export interface ResolvedEndpoint {
  readonly ip: string;
  readonly port: number;
  /** Whose address it is. */
  readonly pod: Pod;
}

type Objects = Pick<ResourceDeps, "objects">;

/**
 * An endpoint for the service proxy: `target.port` is a port's name or number; any ready address that is really one of a
 * pod. Throws 404 and 503 as upstream.
 */
export async function proxiedEndpoint(deps: Objects, namespace: string, target: TargetName, id: string): Promise<ResolvedEndpoint> {
  let portName = target.port;
  if (/^-?\d+$/.test(portName)) {
    const service = await storedService(deps, namespace, target.name);
    const found = service.spec?.ports?.find((p) => p.port === Number(portName));
    if (found === undefined)
      throw serviceUnavailable(`no service port ${Number(portName)} found for service ${JSON.stringify(target.name)}`);
    portName = found.name ?? "";
  }
  await storedService(deps, namespace, target.name);
  const endpoints = (await deps.objects("", "endpoints").get(namespace, target.name)) as unknown as Endpoints | undefined;
  if (endpoints === undefined) throw notFound({ group: "", resource: "endpoints" }, target.name);
  const subsets = endpoints.subsets ?? [];
  if (subsets.length === 0) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(target.name)}`);
  for (const subset of fromRandom(subsets)) {
    for (const port of subset.ports ?? []) {
      if ((port.name ?? "") !== portName) continue;
      for (const address of fromRandom(subset.addresses ?? [])) {
        const pod = await podOfAddress(deps, namespace, address);
        if (pod !== undefined) return { ip: address.ip, port: port.port ?? 0, pod };
      }
    }
  }
  throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(id)}`);
}

/**
 * Where to connect for `port` of a service, for webhooks and aggregation: an endpoint, the external name, or the cluster IP
 * where no slices exist. Throws 404 and 503.
 */
export async function resolveServiceEndpoint(
  deps: Objects,
  namespace: string,
  name: string,
  port: number,
): Promise<{ host: string; port: number }> {
  const service = await storedService(deps, namespace, name);
  if (service.spec?.type === "ExternalName") return { host: service.spec.externalName ?? "", port };
  const servicePort = service.spec?.ports?.find((p) => p.port === port);
  if (servicePort === undefined) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const slices = (await deps.objects("discovery.k8s.io", "endpointslices").list(namespace)) as unknown as EndpointSlice[];
  const own = slices.filter((s) => s.metadata?.labels?.["kubernetes.io/service-name"] === name);
  for (const slice of fromRandom(own)) {
    const found = slice.ports?.find((p) => (p.name ?? "") === (servicePort.name ?? ""));
    if (found?.port === undefined) continue;
    for (const endpoint of fromRandom(slice.endpoints ?? [])) {
      const ip = endpoint.addresses?.[0];
      if (endpoint.conditions?.ready !== false && ip !== undefined) return { host: ip, port: found.port };
    }
  }
  throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

async function storedService(deps: Objects, namespace: string, name: string): Promise<Service> {
  const service = await deps.objects("", "services").get(namespace, name);
  if (service === undefined) throw notFound({ group: "", resource: "services" }, name);
  return service as unknown as Service;
}

/** The proxy goes to pods alone: an address that somebody merely wrote down could be anything. */
async function podOfAddress(deps: Objects, namespace: string, address: EndpointAddress): Promise<Pod | undefined> {
  const ref = address.targetRef;
  if (ref === undefined || ref.namespace !== namespace || ref.name === undefined) return undefined;
  const pod = (await deps.objects("", "pods").get(namespace, ref.name)) as unknown as Pod | undefined;
  return pod?.status?.podIPs?.some((p) => p.ip === address.ip) ? pod : undefined;
}

function fromRandom<T>(items: readonly T[]): T[] {
  const at = Math.floor(Math.random() * items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}
