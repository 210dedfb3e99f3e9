import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, required } from "../../schema/field-error.ts";
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset } from "../../schema/types/core-v1.ts";
import { ipWarnings, validateEndpointIp, validateLegacyIp } from "../addresses.ts";
import { invalidEach, nameIsDnsSubdomain, portNumber, validateDnsLabel, validateQualifiedName } from "../formats.ts";
import { validateObjectMeta } from "../object-meta.ts";
import { validateProtocol } from "../pod/validation-containers.ts";
import { semanticEqual } from "../semantic-equal.ts";

const path = new FieldPath("subsets");

/** Errors of endpoints beyond their metadata. */
export function validateEndpoints(endpoints: Endpoints): FieldError[] {
  const errors: FieldError[] = [];
  endpoints.subsets?.forEach((subset, i) => validateSubset(subset, path.index(i), errors));
  return errors;
}

/** What was accepted once may stay. */
export function validateEndpointsUpdate(endpoints: Endpoints, old: Endpoints): FieldError[] {
  const errors = validateObjectMeta(endpoints.metadata, true, nameIsDnsSubdomain);
  const subsets = validateEndpoints(endpoints);
  if (subsets.length > 0 && !semanticEqual(endpoints.subsets, old.subsets)) errors.push(...subsets);
  return errors;
}

function validateSubset(subset: EndpointSubset, at: FieldPath, errors: FieldError[]): void {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(at, "must specify `addresses` or `notReadyAddresses`"));
  }
  addresses.forEach((address, i) => validateAddress(address, at.child("addresses").index(i), errors));
  notReadyAddresses.forEach((address, i) => validateAddress(address, at.child("notReadyAddresses").index(i), errors));
  ports.forEach((port, i) => validatePort(port, ports.length > 1, at.child("ports").index(i), errors));
}

function validateAddress(address: EndpointAddress, at: FieldPath, errors: FieldError[]): void {
  validateLegacyIp(address.ip ?? "", at.child("ip"), errors);
  if (address.hostname) validateDnsLabel(address.hostname, at.child("hostname"), errors);
  if (address.nodeName !== undefined) {
    invalidEach(nameIsDnsSubdomain(address.nodeName, false), at.child("nodeName"), address.nodeName, errors, "format=dns-label");
  }
  validateEndpointIp(address.ip ?? "", at.child("ip"), errors);
}

function validatePort(port: EndpointPort, needsName: boolean, at: FieldPath, errors: FieldError[]): void {
  if (port.name) validateDnsLabel(port.name, at.child("name"), errors);
  else if (needsName) errors.push(required(at.child("name")));
  invalidEach(portNumber(port.port ?? 0), at.child("port"), port.port ?? 0, errors, "portNum");
  validateProtocol(port.protocol, at.child("protocol"), errors);
  if (port.appProtocol !== undefined) validateQualifiedName(port.appProtocol, at.child("appProtocol"), errors);
}

/** Odd addresses, unless the controller wrote them. */
export function endpointsWarnings(endpoints: Endpoints): string[] {
  if (endpoints.metadata?.labels?.["endpoints.kubernetes.io/managed-by"] === "endpoint-controller") return [];
  const warnings: string[] = [];
  endpoints.subsets?.forEach((subset, i) => {
    for (const field of ["addresses", "notReadyAddresses"] as const) {
      subset[field]?.forEach((address, j) => {
        warnings.push(...ipWarnings(address.ip ?? "", path.index(i).child(field).index(j).child("ip")));
      });
    }
  });
  return warnings;
}
