/** What a status write of a pod may say. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, invalidField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from "../../schema/types/core-v1.ts";
import { isDualStack, validateLegacyIp } from "../addresses.ts";
import { byteLength, invalidEach, nameIsDnsSubdomain, posixId, validateDnsLabel, validateQualifiedName } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import { isNativeResource } from "../resource-names.ts";
import { allContainersCouldRestart, shouldRestart } from "./restart.ts";
import { validatePodAnnotationUpdate } from "./validation.ts";
import { podValidationOptions } from "./validation-options.ts";

const path = new FieldPath("status");
const noSpec: PodSpec = Object.freeze({ containers: [] });
const noStatus: PodStatus = Object.freeze({});
const systemConditions: readonly string[] = ["PodScheduled", "Ready", "Initialized"];

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  validatePodAnnotationUpdate(pod, old, podValidationOptions(true, old), errors);
  const status = pod.status ?? noStatus;
  const before = old.status ?? noStatus;
  status.conditions?.forEach((condition, i) => {
    const at = path.child("conditions").index(i);
    const observed = condition.observedGeneration ?? 0;
    if (observed < 0) errors.push(invalidField(at.child("observedGeneration"), observed, "must be a non-negative integer"));
    if (!systemConditions.includes(condition.type)) validateQualifiedName(condition.type, at.child("Type"), errors);
  });
  if ((pod.spec?.nodeName ?? "") !== (old.spec?.nodeName ?? "")) {
    errors.push(forbiddenField(path.child("nodeName"), "may not be changed directly"));
  }
  const nominated = status.nominatedNodeName ?? "";
  if (nominated !== "" && nominated !== before.nominatedNodeName) {
    invalidEach(nameIsDnsSubdomain(nominated, false), path.child("nominatedNodeName"), nominated, errors);
    if (old.spec?.nodeName) {
      errors.push(forbiddenField(path.child("nominatedNodeName"), "may not be set on pods that are already bound to a node"));
    }
  }
  const observed = status.observedGeneration ?? 0;
  if (observed < 0) errors.push(invalidField(path.child("observedGeneration"), observed, "must be a non-negative integer"));
  validateImmutable(status.qosClass ?? "", before.qosClass ?? "", path.child("qosClass"), errors);
  validateTransitions(pod, old, errors);
  validateClaims(status, pod.spec ?? noSpec, errors);
  validateAddresses("podIPs", status, before, errors);
  validateHostIps(status, before, errors);
  validateContainerDetails(status, pod.spec ?? noSpec, errors);
  return errors;
}

/** A container that has ended stays so, unless it is one that restarts. */
function validateTransitions(pod: Pod, old: Pod, errors: FieldError[]): void {
  const spec = old.spec ?? noSpec;
  const free = allContainersCouldRestart(spec);
  const check = (field: "containerStatuses" | "initContainerStatuses", containers: readonly Container[]): void => {
    if (free) return;
    old.status?.[field]?.forEach((before, i) => {
      const ended = before.state?.terminated;
      const now = pod.status?.[field]?.find((s) => s.name === before.name && !s.state?.terminated);
      if (!ended || !now) return;
      const container = containers.find((c) => c.name === before.name);
      if (container && shouldRestart(container, spec, ended.exitCode)) return;
      errors.push(forbiddenField(path.child(field).index(i).child("state"), "may not be transitioned to non-terminated state"));
    });
  };
  check("containerStatuses", spec.containers);
  check("initContainerStatuses", spec.initContainers ?? []);
  old.status?.ephemeralContainerStatuses?.forEach((before, i) => {
    if (!before.state?.terminated) return;
    for (const now of pod.status?.ephemeralContainerStatuses ?? []) {
      if (now.name !== before.name || now.state?.terminated) continue;
      const at = path.child("ephemeralContainerStatuses").index(i).child("state");
      errors.push(forbiddenField(at, "may not be transitioned to non-terminated state"));
    }
  });
}

function validateClaims(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const seen = new Set<string>();
  status.resourceClaimStatuses?.forEach((claim, i) => {
    const at = path.child("resourceClaimStatuses").index(i);
    if (!spec.resourceClaims?.some((c) => c.name === claim.name)) {
      errors.push(invalidField(at.child("name"), claim.name, "must match the name of an entry in `spec.resourceClaims`"));
    }
    if (seen.has(claim.name)) errors.push(duplicate(at.child("name"), claim.name));
    seen.add(claim.name);
    const name = claim.resourceClaimName;
    if (name !== undefined) invalidEach(nameIsDnsSubdomain(name, false), at.child("resourceClaimName"), name, errors);
  });
  validateExtendedClaim(status, spec, errors);
  validateNodeClaims(status, spec, errors);
}

function validateExtendedClaim(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const claim = status.extendedResourceClaimStatus;
  if (!claim) return;
  const at = path.child("extendedResourceClaimStatus");
  const mappings = at.child("requestMappings");
  if (!claim.requestMappings?.length) errors.push(required(mappings, "at least one request mapping is required"));
  const seen = new Set<string>();
  claim.requestMappings?.forEach((mapping, i) => {
    const here = mappings.index(i);
    const container = [...(spec.initContainers ?? []), ...spec.containers].findLast((c) => c.name === mapping.containerName);
    if (!container) {
      const detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
      errors.push(invalidField(here.child("containerName"), mapping.containerName, detail));
    } else if (container.resources?.requests?.[mapping.resourceName] === undefined) {
      const detail =
        "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests";
      errors.push(invalidField(here.child("resourceName"), mapping.resourceName, detail));
    }
    validateDnsLabel(mapping.requestName, at.child("requestName"), errors);
    const key = `${mapping.containerName}\n${mapping.resourceName}\n${mapping.requestName}`;
    if (seen.has(key)) {
      for (const field of ["containerName", "resourceName", "requestName"] as const)
        errors.push(duplicate(here.child(field), mapping[field]));
    }
    seen.add(key);
  });
  if (!claim.resourceClaimName) errors.push(required(at.child("resourceClaimName")));
  else invalidEach(nameIsDnsSubdomain(claim.resourceClaimName, false), at.child("resourceClaimName"), claim.resourceClaimName, errors);
}

function validateNodeClaims(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  status.nodeAllocatableResourceClaimStatuses?.forEach((claim, i) => {
    const at = path.child("nodeAllocatableResourceClaimStatuses").index(i);
    const name = claim.resourceClaimName ?? "";
    if (name === "") errors.push(required(at.child("resourceClaimName"), "must not be empty"));
    const known = [...(spec.resourceClaims ?? []), ...(status.resourceClaimStatuses ?? [])].some((c) => c.resourceClaimName === name);
    if (!known) errors.push(invalidField(at.child("resourceClaimName"), name, "no mapping found in pod reference"));
    if (!claim.containers?.length) errors.push(required(at.child("containers"), "must not be empty"));
    const resources: Readonly<Record<string, string>> = claim.resources ?? {};
    if (Object.keys(resources).length === 0) errors.push(required(at.child("resources"), "must not be empty"));
    for (const resource in resources) {
      const key = at.child("resources").key(resource);
      if (!isNativeResource(resource)) errors.push(invalidField(key, resource, "must be a node allocatable resource name"));
      if (compareQuantities(resources[resource] as string, "0") < 0)
        errors.push(invalidField(key, resources[resource], "must be non-negative"));
    }
  });
}

function validateAddresses(field: "podIPs" | "hostIPs", status: PodStatus, old: PodStatus, errors: FieldError[]): void {
  const at = path.child(field);
  const addresses = (status[field] ?? []).map((a) => a.ip ?? "");
  const accepted = (old[field] ?? []).map((a) => a.ip ?? "");
  addresses.forEach((address, i) => validateLegacyIp(address, at.index(i), errors, accepted));
  if (addresses.length <= 1 || (isDualStack(addresses) && addresses.length === 2)) return;
  const shown = status[field]?.map((a) => internalForm(field === "podIPs" ? "PodIP" : "HostIP", a));
  errors.push(invalidField(at, shown, "may specify no more than one IP for each IP family"));
}

function validateHostIps(status: PodStatus, old: PodStatus, errors: FieldError[]): void {
  const first = status.hostIPs?.[0];
  if (!first) return;
  if ((status.hostIP ?? "") !== first.ip) {
    errors.push(invalidField(path.child("hostIPs").index(0).child("ip"), first.ip ?? "", "must be equal to `hostIP`"));
  }
  validateAddresses("hostIPs", status, old, errors);
}

const statusFields = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] as const;

function validateContainerDetails(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  for (const field of statusFields) {
    status[field]?.forEach((container, i) => validateUser(container, spec, path.child(field).index(i), errors));
  }
  validateAllocated(status.containerStatuses, spec.containers, path.child("containerStatuses"), errors);
  validateAllocated(status.initContainerStatuses, spec.initContainers ?? [], path.child("initContainerStatuses"), errors);
  status.ephemeralContainerStatuses?.forEach((container, i) => {
    if (!container.allocatedResourcesStatus?.length) return;
    const at = path.child("ephemeralContainerStatuses").index(i).child("allocatedResourcesStatus");
    errors.push(forbiddenField(at, "must not be specified in container status"));
  });
}

function validateUser(status: ContainerStatus, spec: PodSpec, at: FieldPath, errors: FieldError[]): void {
  const user = status.user?.linux;
  if (!user) return;
  const here = at.child("user", "linux");
  if (spec.os?.name === "windows") {
    errors.push(forbiddenField(here, "cannot be set for a windows pod"));
    return;
  }
  invalidEach(posixId(user.uid), here.child("uid"), user.uid, errors);
  invalidEach(posixId(user.gid), here.child("gid"), user.gid, errors);
  user.supplementalGroups?.forEach((group, i) => invalidEach(posixId(group), here.child("supplementalGroups").index(i), group, errors));
}

const healths: readonly string[] = ["Healthy", "Unhealthy", "Unknown"];

function validateAllocated(
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[],
  at: FieldPath,
  errors: FieldError[],
): void {
  statuses?.forEach((status, i) => {
    const container = containers.find((c) => c.name === status.name);
    status.allocatedResourcesStatus?.forEach((allocated, j) => {
      const here = at.index(i).child("allocatedResourcesStatus").index(j);
      if (container) validateAllocatedName(allocated.name, container, here.child("name"), errors);
      const seen = new Set<string>();
      allocated.resources?.forEach((resource, k) => {
        const deep = here.child("resources").index(k);
        const health = resource.health ?? "";
        if (!healths.includes(health)) errors.push(notSupported(deep.child("health"), health, healths));
        if (resource.message === "") errors.push(required(deep.child("message"), "must be non-empty if specified"));
        else if (byteLength(resource.message ?? "") > 1024) errors.push(tooLong(deep.child("message"), 1024));
        if (seen.has(resource.resourceID)) errors.push(duplicate(deep.child("resourceID"), resource.resourceID));
        seen.add(resource.resourceID);
      });
    });
  });
}

function validateAllocatedName(name: string, container: Container, at: FieldPath, errors: FieldError[]): void {
  if (name.startsWith("claim:")) {
    const known = container.resources?.claims?.some((c) => name === `claim:${c.name}${c.request ? `/${c.request}` : ""}`);
    if (known === true) return;
    const detail =
      "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
    errors.push(invalidField(at, name, detail));
  } else if (container.resources?.requests?.[name] === undefined) {
    errors.push(invalidField(at, name, "must match one of the container's resource requests"));
  }
}
