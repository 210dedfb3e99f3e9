import type { NetworkPolicy } from "../../schema/types/networking-v1.ts";

/** Fills in a network policy's defaults, in place. */
export function setNetworkPolicyDefaults(policy: NetworkPolicy): void {
  const spec = policy.spec;
  if (!spec) return;
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
}
