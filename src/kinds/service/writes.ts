/** What a write of a service may change, and what is let go of when its type changes (`pkg/registry/core/service`). */
import type { Service, ServiceSpec } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { keepField } from "../update-rules.ts";
import { isExternallyAccessible, needsClusterIp, needsHealthCheck } from "./traffic.ts";

export const serviceWrites: Pick<Kind<Service>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(service): void {
    service.status = { loadBalancer: {} };
  },
  prepareForUpdate(service, old): void {
    keepField(service, old, "status");
    if (!service.spec || !old.spec) return;
    dropTypeDependentFields(service.spec, old.spec);
    if (service.spec.type !== "LoadBalancer") service.status = { ...service.status, loadBalancer: {} };
  },
  prepareForStatusUpdate(service, old): void {
    keepField(service, old, "spec");
  },
};

/** A field the new type has no use for goes, unless the user changed it: then it is an error, which validation reports. */
function dropTypeDependentFields(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if ((spec.clusterIP ?? "") === (old.clusterIP ?? "") && semanticEqual(spec.clusterIPs, old.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (semanticEqual(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (hasNodePorts(old) && !hasNodePorts(spec) && sameNodePorts(spec, old)) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheck(old) && !needsHealthCheck(spec) && spec.healthCheckNodePort === old.healthCheckNodePort) {
    delete spec.healthCheckNodePort;
  }
  const leavesLoadBalancer = old.type === "LoadBalancer" && spec.type !== "LoadBalancer";
  if (leavesLoadBalancer) {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) {
    delete spec.externalTrafficPolicy;
  }
}

function hasNodePorts(spec: ServiceSpec): boolean {
  return spec.type === "NodePort" || spec.type === "LoadBalancer";
}

function sameNodePorts(spec: ServiceSpec, old: ServiceSpec): boolean {
  const before = new Set(old.ports?.map((p) => p.nodePort ?? 0));
  return (spec.ports ?? []).every((p) => !p.nodePort || before.has(p.nodePort));
}
