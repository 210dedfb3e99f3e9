/** The `kubernetes` Service in `default`, its Endpoints and EndpointSlice: the API servers as pods see them. */
import { isIPv6 } from "node:net";
import { jsonEqual } from "../../apiserver/json-equal.ts";
import { hasReason } from "../../core/api-error.ts";
import { mutable } from "../../schema/object.ts";
import { endpoints, services } from "../../schema/types/core-v1.ts";
import type { Endpoints, Service, ServicePort } from "../../schema/types/core-v1.ts";
import { endpointslices } from "../../schema/types/discovery-v1.ts";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { firstServiceIp } from "../services/ip-range.ts";
import type { ServerLoopOptions } from "./options.ts";

const namespace = "default";
const name = "kubernetes";

/** `addresses`: of the servers that are alive. Another server's writes in between are taken as done. */
export async function reconcileKubernetesService(
  deps: ResourceDeps,
  options: ServerLoopOptions,
  addresses: readonly string[],
): Promise<void> {
  await ensureService(deps, options.port);
  const published = addresses.filter((a) => !isLoopback(a));
  await ensureEndpoints(deps, published, options.port);
  await ensureSlice(deps, published, options.port);
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

async function writing(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!hasReason(error, "AlreadyExists", "Conflict", "NotFound")) throw error;
  }
}

async function ensureService(deps: ResourceDeps, targetPort: number): Promise<void> {
  const at = deps.client().resource(services, namespace);
  const ports: ServicePort[] = [{ name: "https", port: 443, protocol: "TCP", targetPort }];
  const found = (await deps.objects("", "services").get(namespace, name)) as unknown as Service | undefined;
  if (found === undefined) {
    const clusterIP = firstServiceIp((deps.serviceCidrs ?? ["10.96.0.0/16"])[0] ?? "10.96.0.0/16");
    const metadata = { name, namespace, labels: { provider: "kubernetes", component: "apiserver" } };
    const spec = { ports, clusterIP, ipFamilyPolicy: "SingleStack", sessionAffinity: "None", type: "ClusterIP" };
    await writing(() => at.create({ metadata, spec }));
    return;
  }
  if (found.spec?.type === "ClusterIP" && jsonEqual(found.spec.ports ?? [], ports)) return;
  const service = mutable(found);
  service.spec = { ...service.spec, ports, type: "ClusterIP" };
  await writing(() => at.update(service));
}

async function ensureEndpoints(deps: ResourceDeps, addresses: readonly string[], port: number): Promise<void> {
  const at = deps.client().resource(endpoints, namespace);
  const subsets =
    addresses.length === 0
      ? undefined
      : [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: "https", port, protocol: "TCP" }] }];
  const found = (await deps.objects("", "endpoints").get(namespace, name)) as unknown as Endpoints | undefined;
  if (found === undefined) {
    if (subsets === undefined) return;
    // The slice below is ours as well: the mirroring controller must leave these alone.
    const labels = { "endpointslice.kubernetes.io/skip-mirror": "true" };
    await writing(() => at.create({ metadata: { name, namespace, labels }, subsets }));
    return;
  }
  if (jsonEqual(found.subsets ?? [], subsets ?? [])) return;
  const changed = mutable(found);
  if (subsets === undefined) delete changed.subsets;
  else changed.subsets = subsets;
  await writing(() => at.update(changed));
}

async function ensureSlice(deps: ResourceDeps, addresses: readonly string[], port: number): Promise<void> {
  const at = deps.client().resource(endpointslices, namespace);
  const wished = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }));
  const addressType = addresses.some((a) => isIPv6(a)) ? "IPv6" : "IPv4";
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const found = (await deps.objects("discovery.k8s.io", "endpointslices").get(namespace, name)) as unknown as EndpointSlice | undefined;
  if (found === undefined) {
    if (wished.length === 0) return;
    const metadata = { name, namespace, labels: { "kubernetes.io/service-name": name } };
    await writing(() => at.create({ metadata, addressType, endpoints: wished, ports }));
    return;
  }
  if (found.addressType !== addressType && wished.length > 0) {
    await writing(() => at.delete(name));
    return;
  }
  if (jsonEqual(found.endpoints ?? [], wished) && jsonEqual(found.ports ?? [], ports)) return;
  const changed = mutable(found);
  changed.endpoints = wished;
  changed.ports = ports;
  await writing(() => at.update(changed));
}
