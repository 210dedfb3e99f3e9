/** Values of the downward API: `fieldRef` and `resourceFieldRef`, in environments and volumes. */
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from "../../schema/types/core-v1.ts";
import { goQuote } from "../../core/go-quote.ts";
import { parseQuantity, quantityMilliValue, quantityValue } from "../../core/quantity.ts";

export interface PodAddresses {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
}

/** Throws an Error for a path that does not exist. */
export function fieldValue(selector: Pick<ObjectFieldSelector, "fieldPath">, pod: Pod, addresses: PodAddresses): string {
  const path = selector.fieldPath;
  switch (path) {
    case "spec.nodeName":
      return pod.spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return addresses.hostIPs[0] ?? "";
    case "status.hostIPs":
      return addresses.hostIPs.join(",");
    case "status.podIP":
      return addresses.podIPs[0] ?? "";
    case "status.podIPs":
      return addresses.podIPs.join(",");
    case "metadata.name":
      return pod.metadata?.name ?? "";
    case "metadata.namespace":
      return pod.metadata?.namespace ?? "";
    case "metadata.uid":
      return pod.metadata?.uid ?? "";
    case "metadata.labels":
      return formatMap(pod.metadata?.labels);
    case "metadata.annotations":
      return formatMap(pod.metadata?.annotations);
    default: {
      const key = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
      if (key === null) throw new Error(`unsupported fieldPath: ${path}`);
      const map = key[1] === "labels" ? pod.metadata?.labels : pod.metadata?.annotations;
      const name = key[2] as string;
      return map !== undefined && Object.hasOwn(map, name) ? (map[name] as string) : "";
    }
  }
}

/** Lines `key="value"`, sorted, values quoted as Go's `%q`. */
function formatMap(map: Record<string, string> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${goQuote((map as Record<string, string>)[key] as string)}`)
    .join("\n");
}

/**
 * `container`: whose the selector is when it names none. `allocatable`: the node's. For a limit that is not set or zero
 * stands the pod's, and for that what the node has; not so for an init container that another one names.
 */
export function resourceValue(
  selector: ResourceFieldSelector,
  pod: Pod,
  container: Container | undefined,
  allocatable: Readonly<Record<string, string>>,
): string {
  const name = selector.containerName;
  const named = name ? [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((c) => c.name === name) : container;
  if (named === undefined) throw new Error(`container ${name ?? ""} not found`);
  const [side, ...rest] = selector.resource.split(".");
  const resource = rest.join(".");
  const known = ["cpu", "memory", "ephemeral-storage"].includes(resource) || resource.startsWith("hugepages-");
  if ((side !== "limits" && side !== "requests") || !known) throw new Error(`unsupported container resource : ${selector.resource}`);
  const own = named.resources?.[side]?.[resource];
  const defaulted = side === "limits" && !resource.startsWith("hugepages-") && (!name || pod.spec?.containers.includes(named) === true);
  const limits = [own, pod.spec?.resources?.limits?.[resource], allocatable[resource]];
  const amount = parseQuantity((defaulted ? limits.find((text) => !isZero(text)) : own) ?? "0");
  const divisor = parseQuantity(isZero(selector.divisor) ? "1" : (selector.divisor as string));
  const [a, b] =
    resource === "cpu" ? [quantityMilliValue(amount), quantityMilliValue(divisor)] : [quantityValue(amount), quantityValue(divisor)];
  return String(Math.ceil(a / b));
}

function isZero(quantity: string | undefined): boolean {
  return quantity === undefined || quantityMilliValue(parseQuantity(quantity)) === 0;
}
