import type { Ingress, IngressRule } from "../../schema/types/networking-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";
import { loadBalancerAddresses } from "../service/columns.ts";

export function ingressCells(ingress: Ingress, now: number): unknown[] {
  const { spec, status } = ingress;
  return [
    nameOf(ingress),
    spec?.ingressClassName ?? "<none>",
    hostsText(spec?.rules ?? []),
    loadBalancerAddresses(status?.loadBalancer?.ingress).join(","),
    (spec?.tls ?? []).length > 0 ? "80, 443" : "80",
    age(ingress, now),
  ];
}

/** The first three hosts; the rest is counted in rules. */
function hostsText(rules: readonly IngressRule[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const { host = "" } of rules) {
    more ||= hosts.length === 3;
    if (!more && host !== "") hosts.push(host);
  }
  if (hosts.length === 0) return "*";
  return hosts.join(",") + (more ? ` + ${rules.length - 3} more...` : "");
}
