import { isHeadless, needsClusterIp, needsHealthCheck } from "../../kinds/service/traffic.ts";
import { hasReason } from "../../core/api-error.ts";
import { endpoints, type Service } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { ClusterIpAllocator } from "./cluster-ip-allocator.ts";
import { PortAllocator } from "./port-allocator.ts";

const known = new WeakMap<ResourceDeps, ServiceAllocators>();

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

  /** The allocators of a server: those its Services use are those its repair loop repairs. */
  static of(deps: ResourceDeps): ServiceAllocators {
    let allocators = known.get(deps);
    if (allocators === undefined) known.set(deps, (allocators = new ServiceAllocators(deps)));
    return allocators;
  }

  /** Resolves when the ports in use are known. */
  ready(): Promise<void> {
    this.#loaded ??= this.repairPorts();
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

  /** Ports that services have are in use, also those another server gave; ports that none has for two rounds are free again. */
  async repairPorts(): Promise<void> {
    const services = (await this.#deps.objects("", "services").list()) as unknown as Service[];
    const owners = new Map<number, string>();
    for (const service of services) {
      const name = `${service.metadata?.namespace ?? ""}/${service.metadata?.name ?? ""}`;
      for (const port of usedPorts(service)) {
        const other = owners.get(port);
        if (other !== undefined) this.#deps.log.error("a node port was assigned to several services", { port, services: [other, name] });
        else if (!this.ports.contains(port)) this.#deps.log.error("a node port is not within the port range", { port, service: name });
        else owners.set(port, name);
      }
    }
    for (const port of this.ports.keepOnly(new Set(owners.keys())))
      this.#deps.log.warn("a node port appears to have leaked: cleaning up", { port });
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
