import type { IngressClass } from "../../schema/types/networking-v1.ts";

/** Fills in an ingress class's defaults, in place. */
export function setIngressClassDefaults(ingressClass: IngressClass): void {
  if (ingressClass.spec?.parameters) ingressClass.spec.parameters.scope ??= "Cluster";
}
