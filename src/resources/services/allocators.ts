import { isHeadless, needsClusterIp, needsHealthCheck } from "../../kinds/service/traffic.ts";
import { hasReason } from "../../core/api-error.ts";
import { endpoints, type Service } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { ClusterIpAllocator } from "./cluster-ip-allocator.ts";
import { PortAllocator } from "./port-allocator.ts";

/** The allocators one server shares among all writes of Services. */
export class ServiceAllocators {
  readonly ips: ClusterIpAllocator;
  readonly ports: PortAllocator;
  readonly #deps: ResourceDeps;
  #loaded: Promise<void> | undefined;

  constructor(deps: ResourceDeps) {
    this.#deps = deps;
    this.ips = new ClusterIpAllocator(deps);
    this.ports = new PortAllocator(deps.nodePortRange);
  }

  /** Resolves when the ports in use are known. */
  ready(): Promise<void> {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  /** Gives back everything a deleted service had. */
  async release(service: Service): Promise<void> {
    const spec = service.spec;
    if (spec === undefined) return;
    for (const port of usedPorts(service)) this.ports.release(port);
    if (!needsClusterIp(spec) || isHeadless(service)) return;
    for (const ip of spec.clusterIPs ?? []) if (ip !== "" && ip !== "None") await this.ips.release(ip);
  }

  /** Endpoints that users or controllers wrote go with their service: a later one of the same name starts afresh. */
  async forgetEndpoints(namespace: string, name: string): Promise<void> {
    if ((await this.#deps.objects("", "endpoints").get(namespace, name)) === undefined) return;
    try {
      await this.#deps.client().resource(endpoints, namespace).delete(name);
    } catch (error) {
      if (!hasReason(error, "NotFound")) this.#deps.log.warn("the endpoints of a deleted service stay", { namespace, name, error });
    }
  }

  async #load(): Promise<void> {
    const services = (await this.#deps.objects("", "services").list()) as unknown as Service[];
    for (const service of services) {
      for (const port of usedPorts(service)) if (this.ports.contains(port) && !this.ports.has(port)) this.ports.allocate(port);
    }
  }
}

/** Every node port of a service once, its health check port included. */
export function usedPorts(service: Service): Set<number> {
  const ports = new Set<number>();
  for (const port of service.spec?.ports ?? []) if (port.nodePort) ports.add(port.nodePort);
  if (service.spec !== undefined && needsHealthCheck(service.spec) && service.spec.healthCheckNodePort)
    ports.add(service.spec.healthCheckNodePort);
  return ports;
}
