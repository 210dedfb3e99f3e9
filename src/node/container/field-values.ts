/** Values of the downward API: `fieldRef` and `resourceFieldRef`, in environments and volumes. */
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from "../../schema/types/core-v1.ts";
import { parseQuantity, quantityMilliValue, quantityValue } from "../../schema/quantity.ts";

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

const escapes: Record<string, string> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

/** Go's `%q`: printable characters stay, others are escaped. */
export function goQuote(text: string): string {
  let out = '"';
  for (const c of text) {
    const escape = escapes[c];
    if (escape !== undefined) out += escape;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) out += c;
    else {
      const code = c.codePointAt(0) as number;
      if (code < 0x80) out += `\\x${code.toString(16).padStart(2, "0")}`;
      else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
      else out += `\\U${code.toString(16).padStart(8, "0")}`;
    }
  }
  return `${out}"`;
}

/** `allocatable`: the node's, which stands in for a limit that is not set. */
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
  const limit = named.resources?.limits?.[resource] ?? (resource.startsWith("hugepages-") ? undefined : allocatable[resource]);
  const amount = parseQuantity((side === "limits" ? limit : named.resources?.requests?.[resource]) ?? "0");
  const asked = selector.divisor === undefined || quantityMilliValue(parseQuantity(selector.divisor)) === 0 ? "1" : selector.divisor;
  const divisor = parseQuantity(asked);
  const [a, b] =
    resource === "cpu" ? [quantityMilliValue(amount), quantityMilliValue(divisor)] : [quantityValue(amount), quantityValue(divisor)];
  return String(Math.ceil(a / b));
}
