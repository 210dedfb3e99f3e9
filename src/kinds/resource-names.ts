/** What the names of resources mean: native, extended, huge pages; which of them count in whole numbers. */
import { qualifiedName } from "../core/names.ts";
import { compareQuantities, quantityMilliValue, quantityValue } from "../core/quantity.ts";

const hugePagesPrefix = "hugepages-";

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

/** `hugepages-2Mi` of `3Mi` is no whole number of pages. */
export function isDivisibleByPageSize(name: string, quantity: string): boolean {
  try {
    const size = name.slice(hugePagesPrefix.length);
    if (compareQuantities(size, "0") <= 0 || quantityMilliValue(size) % 1000 !== 0) return false;
    return quantityValue(quantity) % quantityValue(size) === 0;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** Belongs to Kubernetes itself: no prefix, or `kubernetes.io/`. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** Belongs to a device plugin or an operator, and can be named in a quota. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return qualifiedName(`requests.${name}`).length === 0;
}

/** A request may be below its limit. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

const standardContainerResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

export function isStandardContainerResource(name: string): boolean {
  return standardContainerResources.has(name) || isHugePages(name);
}

const objectCounts: readonly string[] = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];
const integerResources: ReadonlySet<string> = new Set(objectCounts);

export function isIntegerResource(name: string): boolean {
  return integerResources.has(name) || isExtendedResource(name);
}

const standardQuotaResources: ReadonlySet<string> = new Set([
  ...objectCounts,
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
]);

function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith(`requests.${hugePagesPrefix}`);
}

export function isStandardQuotaResource(name: string): boolean {
  return standardQuotaResources.has(name) || isQuotaHugePages(name);
}

export function isStandardResource(name: string): boolean {
  return name === "storage" || isStandardQuotaResource(name);
}

/** Resources that may be asked for a pod as a whole (KEP-2837). */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || isHugePages(name);
}
