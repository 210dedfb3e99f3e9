/** What is wrong with a resource claim: what is asked for, how it hangs together, what drivers are told. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
} from "../../schema/types/resource-v1.ts";
import { validateConfiguration } from "../devices/configuration.ts";
import { validateFullAttributeName, validateList, validateSet } from "../devices/names.ts";
import { validateSelectors } from "../devices/selectors.ts";
import { validateDeviceToleration } from "../devices/taints.ts";
import { validateDnsLabel, validateDnsSubdomain } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";

const path = new FieldPath("spec");

const requestLimit = 32;
const alternativeLimit = 8;
const constraintLimit = 32;
/** Of configurations in a claim or class. */
export const configurationLimit = 32;

/** Errors of a resource claim beyond its metadata. */
export function validateResourceClaim(claim: ResourceClaim): FieldError[] {
  const errors: FieldError[] = [];
  validateResourceClaimSpec(claim.spec ?? {}, path, errors);
  return errors;
}

/** A claim asks for one thing all its life. */
export function validateResourceClaimUpdate(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const errors: FieldError[] = [];
  validateImmutable(claim.spec, old.spec, path, errors, internalForm("ResourceClaimSpec", claim.spec));
  return errors;
}

/** Requests by name; where one has alternatives, their names. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNames(devices: DeviceClaim | undefined): RequestNames {
  return new Map((devices?.requests ?? []).map((r) => [r.name ?? "", new Set((r.firstAvailable ?? []).map((s) => s.name ?? ""))]));
}

export function validateResourceClaimSpec({ devices = {} }: ResourceClaimSpec, at: FieldPath, errors: FieldError[]): void {
  const here = at.child("devices");
  const names = requestNames(devices);
  validateSet(devices.requests, requestLimit, here.child("requests"), errors, validateRequest, (r) => r.name ?? "");
  validateList(devices.constraints, constraintLimit, here.child("constraints"), errors, (c, i) => validateConstraint(c, names, i, errors));
  validateList(devices.config, configurationLimit, here.child("config"), errors, (config, i) => {
    validateRequestRefs(config.requests, names, i.child("requests"), errors);
    validateConfiguration(config, false, i, errors);
  });
}

function validateRequest(request: DeviceRequest, at: FieldPath, errors: FieldError[]): void {
  validateDnsLabel(request.name ?? "", at.child("name"), errors);
  const { exactly, firstAvailable = [] } = request;
  const one = "exactly one of `exactly` or `firstAvailable` is required";
  if (exactly && firstAvailable.length > 0) errors.push(invalidField(at, null, `${one}, but multiple fields are set`));
  else if (exactly) validateExactRequest(exactly, at.child("exactly"), errors);
  else if (firstAvailable.length > 0) {
    const here = at.child("firstAvailable");
    validateSet(firstAvailable, alternativeLimit, here, errors, validateSubRequest, (r) => r.name ?? "");
  } else errors.push(required(at, one));
}

function validateSubRequest(request: DeviceSubRequest, at: FieldPath, errors: FieldError[]): void {
  validateDnsLabel(request.name ?? "", at.child("name"), errors);
  validateExactRequest(request, at, errors);
}

function validateExactRequest(request: ExactDeviceRequest | DeviceSubRequest, at: FieldPath, errors: FieldError[]): void {
  const { deviceClassName: deviceClass, allocationMode: mode = "", count = 0 } = request;
  if (!deviceClass) errors.push(required(at.child("deviceClassName")));
  else validateDnsSubdomain(deviceClass, at.child("deviceClassName"), errors);
  validateSelectors(request.selectors, at.child("selectors"), errors);
  if (mode === "All") {
    if (count !== 0) errors.push(invalidField(at.child("count"), count, "must not be specified when allocationMode is 'All'"));
  } else if (mode === "ExactCount") {
    if (count <= 0) errors.push(invalidField(at.child("count"), count, "must be greater than zero"));
  } else errors.push(notSupported(at.child("allocationMode"), mode, ["All", "ExactCount"]));
  request.tolerations?.forEach((t, i) => validateDeviceToleration(t, at.child("tolerations").index(i), errors));
}

function validateConstraint(constraint: DeviceConstraint, names: RequestNames, at: FieldPath, errors: FieldError[]): void {
  validateRequestRefs(constraint.requests, names, at.child("requests"), errors);
  const { matchAttribute: match, distinctAttribute: distinct } = constraint;
  if (match !== undefined) validateFullAttributeName(match, at.child("matchAttribute"), errors);
  else if (distinct !== undefined) validateFullAttributeName(distinct, at.child("distinctAttribute"), errors);
  else {
    // Upstream's words, though none is set.
    errors.push(required(at, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'));
  }
}

export function validateRequestRefs(refs: readonly string[] | undefined, names: RequestNames, at: FieldPath, errors: FieldError[]): void {
  validateSet(
    refs,
    requestLimit,
    at,
    errors,
    (name, here) => validateRequestRef(name, names, here, errors),
    (name) => name,
  );
}

/** `request`, or `request/alternative`. */
export function validateRequestRef(name: string, names: RequestNames, at: FieldPath, errors: FieldError[]): void {
  const unknown = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const parts = name.split("/");
  if (parts.length > 2) {
    errors.push(invalidField(at, name, unknown));
    return;
  }
  for (const part of parts) validateDnsLabel(part, at, errors);
  const [request = "", alternative] = parts;
  const alternatives = names.get(request);
  if (alternatives === undefined || (alternative !== undefined && !alternatives.has(alternative))) {
    errors.push(invalidField(at, name, unknown));
  }
}
