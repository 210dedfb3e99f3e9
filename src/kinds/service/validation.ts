/** What is wrong with a service. Addresses and node ports are checked against their ranges elsewhere. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { Service, ServicePort, ServiceSpec } from "../../schema/types/core-v1.ts";
import { validateEndpointIp, validateLegacyCidr, validateLegacyIp } from "../addresses.ts";
import {
  invalidEach,
  portNumber,
  validateDnsLabel,
  validateDnsSubdomain,
  validatePortNumberOrName,
  validateQualifiedName,
} from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateLabels } from "../object-meta.ts";
import { validateProtocol } from "../pod/validation-containers.ts";
import { isExternallyAccessible, isHeadless, needsHealthCheck } from "./traffic.ts";
import { validateClusterIps } from "./validation-addresses.ts";

const path = new FieldPath("spec");
const noSpec: ServiceSpec = Object.freeze({});
const topologyHints = "service.kubernetes.io/topology-aware-hints";
const topologyMode = "service.kubernetes.io/topology-mode";
const sourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges";
const types: readonly string[] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/** Errors of a service beyond its metadata; `old`: what it follows. */
export function validateService(service: Service, old?: Service): FieldError[] {
  const errors: FieldError[] = [];
  const spec = service.spec ?? noSpec;
  const annotations: Readonly<Record<string, string>> = service.metadata?.annotations ?? {};
  const hints = annotations[topologyHints];
  const mode = annotations[topologyMode];
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    const at = new FieldPath("metadata.annotations").key(topologyMode);
    errors.push(invalidField(at, mode, `must match annotations[${topologyHints}] when both are specified`));
  }
  const headless = isHeadless(service);
  if (!spec.ports?.length && !headless && spec.type !== "ExternalName") errors.push(required(path.child("ports")));
  validateType(spec, headless, errors);
  validatePorts(spec.ports ?? [], errors);
  validateLabels(spec.selector, path.child("selector"), errors);
  validateAffinity(spec, errors);
  validateClusterIps(service, old, errors);
  spec.externalIPs?.forEach((ip, i) => {
    const at = path.child("externalIPs").index(i);
    if (validateLegacyIp(ip, at, errors, old?.spec?.externalIPs)) validateEndpointIp(ip, at, errors);
  });
  if (!spec.type) errors.push(required(path.child("type")));
  else if (!types.includes(spec.type)) errors.push(notSupported(path.child("type"), spec.type, types));
  validatePortUses(spec, errors);
  validateSourceRanges(spec, annotations, old, errors);
  const allocates = spec.allocateLoadBalancerNodePorts;
  if (allocates !== undefined && spec.type !== "LoadBalancer") {
    errors.push(forbiddenField(path.child("allocateLoadBalancerNodePorts"), "may only be used when `type` is 'LoadBalancer'"));
  }
  if (allocates === undefined && spec.type === "LoadBalancer") errors.push(required(new FieldPath("allocateLoadBalancerNodePorts")));
  validateLoadBalancerClass(spec, errors);
  validateTraffic(spec, errors);
  return errors;
}

function validateType(spec: ServiceSpec, headless: boolean, errors: FieldError[]): void {
  if (headless && (spec.type === "LoadBalancer" || spec.type === "NodePort")) {
    errors.push(invalidField(path.child("clusterIPs").index(0), "None", `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type !== "ExternalName") return;
  const detail = "may not be set for ExternalName services";
  if (spec.clusterIPs?.length) errors.push(forbiddenField(path.child("clusterIPs"), detail));
  if (spec.ipFamilies?.length) errors.push(forbiddenField(path.child("ipFamilies"), detail));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField(path.child("ipFamilyPolicy"), detail));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name === "") errors.push(required(path.child("externalName")));
  else validateDnsSubdomain(name, path.child("externalName"), errors);
}

function validatePorts(ports: readonly ServicePort[], errors: FieldError[]): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = path.child("ports").index(i);
    if (port.name) {
      validateDnsLabel(port.name, at.child("name"), errors);
      if (names.has(port.name)) errors.push(duplicate(at.child("name"), port.name));
      names.add(port.name);
    } else if (ports.length > 1) errors.push(required(at.child("name")));
    invalidEach(portNumber(port.port ?? 0), at.child("port"), port.port ?? 0, errors);
    validateProtocol(port.protocol, at.child("protocol"), errors);
    validatePortNumberOrName(port.targetPort, at.child("targetPort"), errors);
    if (port.appProtocol !== undefined) validateQualifiedName(port.appProtocol, at.child("appProtocol"), errors);
  });
}

function validateAffinity(spec: ServiceSpec, errors: FieldError[]): void {
  const at = path.child("sessionAffinity");
  const affinity = spec.sessionAffinity;
  if (!affinity) errors.push(required(at));
  else if (affinity !== "ClientIP" && affinity !== "None") errors.push(notSupported(at, affinity, ["ClientIP", "None"]));
  const config = spec.sessionAffinityConfig;
  const here = path.child("sessionAffinityConfig");
  if (affinity === "None" && config) errors.push(forbiddenField(here, "must not be set when session affinity is None"));
  if (affinity !== "ClientIP") return;
  const detail = "when session affinity type is ClientIP";
  const timeout = config?.clientIP?.timeoutSeconds;
  if (!config) errors.push(required(here, detail));
  else if (!config.clientIP) errors.push(required(here.child("clientIP"), detail));
  else if (timeout === undefined) errors.push(required(here.child("clientIP", "timeoutSeconds"), detail));
  else if (timeout <= 0 || timeout > 86400) {
    errors.push(invalidField(here.child("clientIP", "timeoutSeconds"), timeout, "must be greater than 0 and less than 86400"));
  }
}

/** Ports that the type does not allow, and ports given twice. */
function validatePortUses(spec: ServiceSpec, errors: FieldError[]): void {
  const ports = spec.ports ?? [];
  const at = path.child("ports");
  if (spec.type === "ClusterIP") {
    ports.forEach((port, i) => {
      if (port.nodePort) errors.push(forbiddenField(at.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'"));
    });
  }
  const nodePorts = new Set<string>();
  ports.forEach((port, i) => {
    if (!port.nodePort) return;
    const key = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(key)) errors.push(duplicate(at.index(i).child("nodePort"), port.nodePort));
    nodePorts.add(key);
  });
  const seen = new Set<string>();
  ports.forEach(({ protocol, port }, i) => {
    const key = `${protocol}/${port}`;
    if (seen.has(key)) errors.push(duplicate(at.index(i), internalForm("ServicePort", { protocol, port })));
    seen.add(key);
  });
}

function validateSourceRanges(
  spec: ServiceSpec,
  annotations: Readonly<Record<string, string>>,
  old: Service | undefined,
  errors: FieldError[],
): void {
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (spec.loadBalancerSourceRanges?.length) {
    const at = path.child("LoadBalancerSourceRanges");
    if (spec.type !== "LoadBalancer") errors.push(forbiddenField(at, only));
    const accepted = old?.spec?.loadBalancerSourceRanges?.map((r) => r.trim());
    spec.loadBalancerSourceRanges.forEach((range, i) => validateLegacyCidr(range.trim(), at.index(i), errors, accepted));
    return;
  }
  const text = annotations[sourceRanges];
  if (text === undefined) return;
  const at = new FieldPath("metadata.annotations").key(sourceRanges);
  if (spec.type !== "LoadBalancer") errors.push(forbiddenField(at, only));
  if (old?.metadata?.annotations?.[sourceRanges] === text || text.trim() === "") return;
  for (const range of text.split(",")) validateLegacyCidr(range.trim(), at, errors);
}

function validateLoadBalancerClass(spec: ServiceSpec, errors: FieldError[]): void {
  const at = path.child("loadBalancerClass");
  if (spec.loadBalancerClass === undefined) return;
  if (spec.type === "LoadBalancer") validateQualifiedName(spec.loadBalancerClass, at, errors);
  else errors.push(forbiddenField(at, "may only be used when `type` is 'LoadBalancer'"));
}

const distributions: readonly string[] = ["PreferClose", "PreferSameZone", "PreferSameNode"];

function validateTraffic(spec: ServiceSpec, errors: FieldError[]): void {
  const external = spec.externalTrafficPolicy;
  const at = path.child("externalTrafficPolicy");
  if (!isExternallyAccessible(spec)) {
    if (external) errors.push(invalidField(at, external, "may only be set for externally-accessible services"));
  } else if (!external) errors.push(required(at));
  else if (external !== "Cluster" && external !== "Local") errors.push(notSupported(at, external, ["Cluster", "Local"]));
  const health = spec.healthCheckNodePort ?? 0;
  const healthPath = path.child("healthCheckNodePort");
  if (!needsHealthCheck(spec)) {
    if (health !== 0) {
      const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
      errors.push(invalidField(healthPath, health, detail));
    }
  } else if (health === 0) errors.push(required(healthPath));
  else invalidEach(portNumber(health), healthPath, health, errors);
  const internal = spec.internalTrafficPolicy;
  const needsInternal = spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.type === "ClusterIP";
  if (internal === undefined) {
    if (needsInternal) errors.push(required(path.child("internalTrafficPolicy")));
  } else if (internal !== "Cluster" && internal !== "Local") {
    errors.push(notSupported(path.child("internalTrafficPolicy"), internal, ["Cluster", "Local"]));
  }
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !distributions.includes(distribution)) {
    errors.push(notSupported(path.child("trafficDistribution"), distribution, distributions));
  }
}
