import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { dns1123Subdomain } from "../../core/names.ts";
import type { LoadBalancerStatus, Service, ServiceSpec } from "../../schema/types/core-v1.ts";
import { parseIpSloppy, validateLegacyIp } from "../addresses.ts";
import { invalidEach, validateQualifiedName } from "../formats.ts";
import { needsHealthCheck } from "./traffic.ts";
import { validateService } from "./validation.ts";
import { validateAddressUpdate } from "./validation-addresses.ts";

const path = new FieldPath("spec");
const noSpec: ServiceSpec = Object.freeze({});

/** Errors of a service as the successor of `old`, beyond those of its metadata's update. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors: FieldError[] = [];
  const spec = service.spec ?? noSpec;
  const before = old.spec ?? noSpec;
  validateAddressUpdate(service, old, errors);
  const at = path.child("loadBalancerClass");
  if (spec.type === "LoadBalancer" && before.type === "LoadBalancer" && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalidField(at, spec.loadBalancerClass ?? null, "may not change once set"));
  }
  if (spec.loadBalancerClass !== undefined) {
    if (spec.type === "LoadBalancer") validateQualifiedName(spec.loadBalancerClass, at, errors);
    else errors.push(forbiddenField(at, "may only be used when `type` is 'LoadBalancer'"));
  }
  if (needsHealthCheck(spec) && needsHealthCheck(before) && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(forbiddenField(path.child("healthCheckNodePort"), "field is immutable"));
  }
  errors.push(...validateService(service, old));
  return errors;
}

export function validateServiceStatusUpdate(service: Service, old: Service): FieldError[] {
  const errors: FieldError[] = [];
  const status = service.status?.loadBalancer ?? {};
  validateLoadBalancerStatus(status, old.status?.loadBalancer, service.spec ?? noSpec, new FieldPath("status.loadBalancer"), errors);
  return errors;
}

function validateLoadBalancerStatus(
  status: LoadBalancerStatus,
  old: LoadBalancerStatus | undefined,
  spec: ServiceSpec,
  at: FieldPath,
  errors: FieldError[],
): void {
  const ingress = status.ingress ?? [];
  if (spec.type !== "LoadBalancer" && ingress.length > 0) {
    errors.push(forbiddenField(at.child("ingress"), "may only be used when `spec.type` is 'LoadBalancer'"));
    return;
  }
  const accepted = old?.ingress?.map((i) => i.ip ?? "").filter((ip) => ip !== "");
  ingress.forEach((point, i) => {
    const here = at.child("ingress").index(i);
    if (point.ip) validateLegacyIp(point.ip, here.child("ip"), errors, accepted);
    if (point.ipMode === undefined) {
      if (point.ip) errors.push(required(here.child("ipMode"), "must be specified when `ip` is set"));
    } else if (!point.ip) errors.push(forbiddenField(here.child("ipMode"), "may not be specified when `ip` is not set"));
    else if (point.ipMode !== "Proxy" && point.ipMode !== "VIP") {
      errors.push(notSupported(here.child("ipMode"), point.ipMode, ["Proxy", "VIP"]));
    }
    if (!point.hostname) return;
    invalidEach(dns1123Subdomain(point.hostname), here.child("hostname"), point.hostname, errors);
    if (parseIpSloppy(point.hostname)) {
      errors.push(invalidField(here.child("hostname"), point.hostname, "must be a DNS name, not an IP address"));
    }
  });
}
