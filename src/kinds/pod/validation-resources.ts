/** Requests, limits and resource claims of containers and pods. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { qualifiedName } from "../../core/names.ts";
import { compareQuantities, quantityMilliValue } from "../../core/quantity.ts";
import type { Container, PodSpec, ResourceRequirements } from "../../schema/types/core-v1.ts";
import { invalidEach, negativeMessage, validateDnsLabel } from "../formats.ts";
import {
  isDivisibleByPageSize,
  isExtendedResource,
  isHugePages,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isPodLevelResource,
  isStandardContainerResource,
  isStandardResource,
} from "../resource-names.ts";
import { aggregateContainers } from "./resources.ts";
import type { PodValidationOptions } from "./validation-options.ts";

/** Adds what is wrong with a resource's name; true when it is a name at all. */
export function validateResourceName(name: string, path: FieldPath, errors: FieldError[]): boolean {
  const messages = qualifiedName(name);
  if (messages.length > 0) {
    invalidEach(messages, path, name, errors);
    return false;
  }
  if (!name.includes("/") && !isStandardResource(name)) {
    errors.push(invalidField(path, name, "must be a standard resource type or fully qualified"));
    return false;
  }
  return true;
}

export function validateContainerResourceName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (name === "cpu" || name === "memory" || name === "ephemeral-storage") return;
  validateResourceName(name, path, errors);
  if (!name.includes("/")) {
    if (!isStandardContainerResource(name)) errors.push(invalidField(path, name, "must be a standard resource for containers"));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalidField(path, name, "doesn't follow extended resource name standard"));
  }
}

function validatePodResourceName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (validateResourceName(name, path, errors) && !isPodLevelResource(name)) {
    errors.push(notSupported(path, name, ["cpu", "hugepages-", "memory"]));
  }
}

/** Not negative, and whole where the resource counts in whole numbers. */
export function validateResourceQuantity(name: string, quantity: string, path: FieldPath, errors: FieldError[]): void {
  if (quantity.startsWith("-") && compareQuantities(quantity, "0") < 0) errors.push(invalidField(path, quantity, negativeMessage));
  if (name === "cpu" || name === "memory") return;
  if (isIntegerResource(name) && quantityMilliValue(quantity) % 1000 !== 0) {
    errors.push(invalidField(path, quantity, "must be an integer"));
  }
}

type NameRule = (name: string, path: FieldPath, errors: FieldError[]) => void;

export function validateContainerResources(
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
  options: Pick<PodValidationOptions, "allowIndivisibleHugePages">,
  errors: FieldError[],
): void {
  if (resources) validateRequirements(resources, validateContainerResourceName, claimNames, path, options, errors);
}

function validateRequirements(
  resources: ResourceRequirements,
  validateName: NameRule,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
  options: Pick<PodValidationOptions, "allowIndivisibleHugePages">,
  errors: FieldError[],
): void {
  const { limits, requests } = resources;
  let cpuOrMemory = false;
  let hugePages = false;
  const one = (name: string, quantity: string, at: FieldPath): void => {
    validateName(name, at, errors);
    validateResourceQuantity(name, quantity, at, errors);
    cpuOrMemory ||= name === "cpu" || name === "memory";
  };
  const pages = (name: string, quantity: string, at: FieldPath): void => {
    if (!isHugePages(name)) return;
    hugePages = true;
    if (!options.allowIndivisibleHugePages && !isDivisibleByPageSize(name, quantity)) {
      errors.push(invalidField(at, quantity, `${quantity} is not positive integer multiple of ${name}`));
    }
  };
  for (const name in limits) {
    const at = path.child("limits").key(name);
    one(name, limits[name] as string, at);
    pages(name, limits[name] as string, at);
  }
  for (const name in requests) {
    const quantity = requests[name] as string;
    const at = path.child("requests").key(name);
    one(name, quantity, at);
    validateAgainstLimit(name, quantity, limits?.[name], path, errors);
    pages(name, quantity, at);
  }
  if (hugePages && !cpuOrMemory) errors.push(forbiddenField(path, "HugePages require cpu or memory"));
  if (resources.claims?.length) validateClaims(resources.claims, claimNames, path.child("claims"), errors);
}

function validateAgainstLimit(name: string, quantity: string, limit: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (limit === quantity) return;
  if (limit !== undefined) {
    const order = compareQuantities(quantity, limit);
    if (order !== 0 && !isOvercommitAllowed(name)) {
      errors.push(invalidField(path.child("requests"), quantity, `must be equal to ${name} limit of ${limit}`));
    } else if (order > 0) {
      errors.push(invalidField(path.child("requests"), quantity, `must be less than or equal to ${name} limit of ${limit}`));
    }
  } else if (!isOvercommitAllowed(name)) {
    errors.push(required(path.child("limits"), "Limit must be set for non overcommitable resources"));
  }
}

function validateClaims(
  claims: readonly { name: string; request?: string | undefined }[],
  claimNames: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  claims.forEach(({ name, request }, i) => {
    const at = path.index(i);
    if (!name) {
      errors.push(required(at));
      return;
    }
    if (seen.has(name)) errors.push(duplicate(at, name));
    else {
      if (request) validateDnsLabel(request, at.child("request"), errors);
      const key = request ? `${name}/${request}` : name;
      if (seen.has(key)) errors.push(duplicate(at, key));
      else if (!request) for (const other of seen) if (other.startsWith(`${name}/`)) errors.push(duplicate(at, name));
      seen.add(key);
    }
    if (claimNames.has(name)) return;
    const known = claimNames.size === 0 ? " which is empty" : `: ${[...claimNames].sort().join(", ")}`;
    const body = `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${known}`;
    errors.push({ type: "FieldValueNotFound", field: at.toString(), body });
  });
}

/** Resources of the pod as a whole (KEP-2837), which its containers have to fit into. */
export function validatePodLevelResources(
  spec: PodSpec,
  claimNames: ReadonlySet<string>,
  specPath: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const resources = spec.resources;
  if (!resources) return;
  const path = specPath.child("resources");
  if (spec.os?.name === "windows") {
    errors.push(forbiddenField(path, "may not be set for a windows pod"));
    return;
  }
  if (resources.claims) errors.push(forbiddenField(path.child("claims"), "claims may not be set for Resources at pod-level"));
  validateRequirements(resources, validatePodResourceName, claimNames, path, options, errors);
  validateConsistency(spec, resources, path, errors);
}

function validateConsistency(spec: PodSpec, resources: ResourceRequirements, path: FieldPath, errors: FieldError[]): void {
  const requests = aggregateContainers({ spec }, "requests");
  for (const name in requests) {
    const asked = resources.requests?.[name];
    if (asked === undefined || compareQuantities(requests[name] as string, asked) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${requests[name]}`;
    errors.push(invalidField(path.child("requests").key(name), asked, detail));
  }
  const limits = aggregateContainers({ spec }, "limits");
  for (const name in limits) {
    const limit = resources.limits?.[name];
    if (!isHugePages(name) || limit === undefined || compareQuantities(limits[name] as string, limit) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${limits[name]}`;
    errors.push(invalidField(path.child("limits").key(name), limit, detail));
  }
  (spec.containers as Container[] | null | undefined)?.forEach((container, i) => {
    const own = container.resources?.limits;
    for (const name in own) {
      const limit = resources.limits?.[name];
      if (limit === undefined || compareQuantities(own[name] as string, limit) <= 0) continue;
      const at = path.child("containers").index(i).key(name).child("limits");
      errors.push(invalidField(at, own[name], `must be less than or equal to pod limits of ${limit}`));
    }
  });
}
