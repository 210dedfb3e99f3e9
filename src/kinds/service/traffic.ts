/** How traffic may reach a service. */
import type { Service, ServiceSpec } from "../../schema/types/core-v1.ts";

/** Reachable from outside the cluster by a node port, a load balancer or an external address. */
export function isExternallyAccessible(spec: ServiceSpec): boolean {
  return spec.type === "LoadBalancer" || spec.type === "NodePort" || (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
}

/** Traffic from outside stays on the node it arrives at. */
export function requestsOnlyLocalTraffic(spec: ServiceSpec): boolean {
  return (spec.type === "LoadBalancer" || spec.type === "NodePort") && spec.externalTrafficPolicy === "Local";
}

/** A load balancer has to find out which nodes hold endpoints: the service gets a health check node port. */
export function needsHealthCheck(spec: ServiceSpec): boolean {
  return spec.type === "LoadBalancer" && requestsOnlyLocalTraffic(spec);
}

/** The service has node ports. */
export function needsNodePort(spec: ServiceSpec): boolean {
  return spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
}

/** The service gets cluster addresses, unless it is headless. */
export function needsClusterIp(spec: ServiceSpec): boolean {
  return spec.type !== "ExternalName";
}

/** Asked for no address: its name resolves to its endpoints. */
export function isHeadless(service: Service): boolean {
  const ips = service.spec?.clusterIPs;
  return ips?.length === 1 && ips[0] === "None";
}

/** Has an address of its own. */
export function hasClusterIp(service: Service): boolean {
  const ip = service.spec?.clusterIP;
  return ip !== undefined && ip !== "" && ip !== "None";
}
