/** What is allowed in a service, but old, odd or without effect. */
import { FieldPath } from "../../schema/field-error.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import { cidrWarnings, ipWarnings } from "../addresses.ts";
import { hasClusterIp } from "./traffic.ts";

const path = new FieldPath("spec");
const topologyHints = "service.kubernetes.io/topology-aware-hints";

export function serviceWarnings(service: Service): string[] {
  const warnings: string[] = [];
  const spec = service.spec ?? {};
  if (service.metadata?.annotations && topologyHints in service.metadata.annotations) {
    warnings.push(`annotation ${topologyHints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  }
  if (hasClusterIp(service)) spec.clusterIPs?.forEach((ip, i) => warnings.push(...ipWarnings(ip, path.child("clusterIPs").index(i))));
  const headless = spec.type === "ClusterIP" && spec.clusterIP === "None";
  const external = (spec.externalIPs?.length ?? 0) > 0;
  if (headless) {
    if (spec.loadBalancerIP) warnings.push("spec.loadBalancerIP is ignored for headless services");
    if (external) warnings.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None") warnings.push("spec.SessionAffinity is ignored for headless services");
  }
  spec.externalIPs?.forEach((ip, i) => warnings.push(...ipWarnings(ip, path.child("externalIPs").index(i))));
  if (external && !headless && spec.type !== "ExternalName") {
    warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (spec.loadBalancerIP) warnings.push(...ipWarnings(spec.loadBalancerIP, path.child("loadBalancerIP")));
  spec.loadBalancerSourceRanges?.forEach((range, i) =>
    warnings.push(...cidrWarnings(range, path.child("loadBalancerSourceRanges").index(i))),
  );
  if (spec.type === "ExternalName" && external) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== "ExternalName" && spec.externalName) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec.trafficDistribution === "PreferClose") {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}
