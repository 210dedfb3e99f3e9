import type { Service, ServicePort } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf, labelsText } from "../cell-text.ts";

export function serviceCells(service: Service, now: number): unknown[] {
  const { spec } = service;
  return [
    nameOf(service),
    spec?.type ?? "",
    spec?.clusterIPs?.[0] ?? "<none>",
    externalAddresses(service),
    (spec?.ports ?? []).map(portText).join(",") || "<none>",
    age(service, now),
    labelsText(spec?.selector),
  ];
}

function portText({ port, nodePort, protocol = "" }: ServicePort): string {
  return nodePort === undefined || nodePort === 0 ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`;
}

function externalAddresses({ spec, status }: Service): string {
  const own = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return own.join(",") || "<none>";
    case "LoadBalancer":
      return [...loadBalancerAddresses(status?.loadBalancer?.ingress), ...own].join(",") || "<pending>";
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

/** Where a load balancer is reached, in order and once each. */
export function loadBalancerAddresses(
  ingress: readonly { ip?: string | undefined; hostname?: string | undefined }[] | undefined,
): string[] {
  const addresses = new Set<string>();
  for (const { ip = "", hostname = "" } of ingress ?? []) {
    const address = ip || hostname;
    if (address !== "") addresses.add(address);
  }
  return [...addresses].sort();
}
