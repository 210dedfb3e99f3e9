import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, internalFieldError, invalidField, notSupported, required, tooMany } from "../../schema/field-error.ts";
import { dns1123Label, dns1123Subdomain, labelValue } from "../../core/names.ts";
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { ipWarnings, isIpv6Text, validateEndpointIp, validateIp, validateLegacyIp } from "../addresses.ts";
import { invalidEach, nameIsDnsSubdomain, validateDnsLabel, validateQualifiedName } from "../formats.ts";
import { validateImmutable, validateLabels } from "../object-meta.ts";
import { validateProtocol } from "../pod/validation-containers.ts";
import { semanticEqual } from "../semantic-equal.ts";

const addressTypes: readonly string[] = ["FQDN", "IPv4", "IPv6"];
const endpointsPath = new FieldPath("endpoints");

/** Errors of an endpoint slice beyond its metadata. */
export function validateEndpointSlice(slice: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  const type = slice.addressType;
  const at = new FieldPath("addressType");
  if (!type) errors.push(required(at));
  else if (!addressTypes.includes(type)) errors.push(notSupported(at, type, addressTypes));
  validatePorts(slice.ports ?? [], new FieldPath("ports"), errors);
  const endpoints: FieldError[] = [];
  const list = (slice.endpoints as Endpoint[] | null | undefined) ?? [];
  if (list.length > 1000) endpoints.push(tooMany(endpointsPath, list.length, 1000));
  else list.forEach((endpoint, i) => validateEndpoint(endpoint, type, endpointsPath.index(i), endpoints));
  // What was accepted once may stay.
  if (!old || !semanticEqual(old.endpoints, slice.endpoints)) errors.push(...endpoints);
  return errors;
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  const errors = validateEndpointSlice(slice, old);
  validateImmutable(slice.addressType ?? "", old.addressType ?? "", new FieldPath("addressType"), errors);
  return errors;
}

function validatePorts(ports: readonly EndpointPort[], at: FieldPath, errors: FieldError[]): void {
  if (ports.length > 20000) {
    errors.push(tooMany(at, ports.length, 20000));
    return;
  }
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const name = port.name ?? "";
    if (name !== "") validateDnsLabel(name, at.index(i).child("name"), errors);
    if (names.has(name)) errors.push(duplicate(at.index(i).child("name"), name));
    names.add(name);
    if (port.protocol === "") errors.push(notSupported(at.index(i).child("protocol"), "", ["SCTP", "TCP", "UDP"]));
    else validateProtocol(port.protocol, at.index(i).child("protocol"), errors);
    if (port.appProtocol !== undefined) validateQualifiedName(port.appProtocol, at.index(i).child("appProtocol"), errors);
  });
}

function validateEndpoint(endpoint: Endpoint, type: string | undefined, at: FieldPath, errors: FieldError[]): void {
  const addresses = (endpoint.addresses as string[] | null | undefined) ?? [];
  const here = at.child("addresses");
  if (addresses.length === 0) errors.push(required(here, "must contain at least 1 address"));
  else if (addresses.length > 100) errors.push(tooMany(here, addresses.length, 100));
  addresses.forEach((address, i) => validateAddress(address, type, here, i, errors));
  const node = endpoint.nodeName;
  if (node !== undefined) invalidEach(nameIsDnsSubdomain(node, false), at.child("nodeName"), node, errors);
  const topology = endpoint.deprecatedTopology;
  if (topology) {
    const deep = at.child("deprecatedTopology");
    const count = Object.keys(topology).length;
    if (count > 16) errors.push(tooMany(deep, count, 16));
    validateLabels(topology, deep, errors);
    const zone = "topology.kubernetes.io/zone";
    if (zone in topology) errors.push(internalFieldError(deep.key(zone), "reserved key was not removed in conversion"));
  }
  if (endpoint.hostname !== undefined) validateDnsLabel(endpoint.hostname, at.child("hostname"), errors);
  if (endpoint.hints) validateHints(endpoint.hints, at.child("hints"), errors);
}

function validateAddress(address: string, type: string | undefined, at: FieldPath, i: number, errors: FieldError[]): void {
  if (type === "IPv4") {
    if (!validateLegacyIp(address, at.index(i), errors)) return;
    if (isIpv6Text(address)) errors.push(invalidField(at, address, "must be an IPv4 address"));
    validateEndpointIp(address, at.index(i), errors);
  } else if (type === "IPv6") {
    if (!validateIp(address, at.index(i), errors)) return;
    if (!isIpv6Text(address)) errors.push(invalidField(at, address, "must be an IPv6 address"));
    validateEndpointIp(address, at.index(i), errors);
  } else if (type === "FQDN") validateDomainName(address, at.index(i), errors);
}

function validateDomainName(name: string, at: FieldPath, errors: FieldError[]): void {
  if (name === "") {
    errors.push(required(at));
    return;
  }
  const domain = name.replace(/\.$/, "");
  const messages = dns1123Subdomain(domain);
  const labels = domain.split(".");
  if (messages.length > 0) errors.push(invalidField(at, domain, messages.join(",")));
  else if (labels.length < 2) errors.push(invalidField(at, domain, "should be a domain with at least two segments separated by dots"));
  else {
    const wrong = labels.find((label) => dns1123Label(label).length > 0);
    if (wrong !== undefined) errors.push(invalidField(at, wrong, dns1123Label(wrong).join(",")));
  }
}

function validateHints(hints: EndpointHints, at: FieldPath, errors: FieldError[]): void {
  for (const field of ["forZones", "forNodes"] as const) {
    const list = hints[field] ?? [];
    if (list.length > 8) {
      errors.push(tooMany(at.child(field), list.length, 8));
      return;
    }
    const seen = new Set<string>();
    list.forEach(({ name }, i) => {
      const here = at.child(field).index(i).child("name");
      if (seen.has(name)) errors.push(duplicate(here, name));
      seen.add(name);
      invalidEach(field === "forZones" ? labelValue(name) : nameIsDnsSubdomain(name, false), here, name, errors);
    });
  }
}

const ownManagers: readonly string[] = ["endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"];

export function endpointSliceWarnings(slice: EndpointSlice, old: EndpointSlice | undefined): string[] {
  const warnings = old === undefined && slice.addressType === "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated"] : [];
  if (ownManagers.includes(slice.metadata?.labels?.["endpointslice.kubernetes.io/managed-by"] ?? "")) return warnings;
  slice.endpoints?.forEach((endpoint, i) => {
    endpoint.addresses?.forEach((address, j) => {
      warnings.push(...ipWarnings(address, endpointsPath.index(i).child("addresses").index(j)));
    });
  });
  return warnings;
}
