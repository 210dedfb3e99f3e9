import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Ingress, IngressClass } from "../../schema/types/networking-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout } from "./forbidden.ts";
import { newestFirst } from "./storage.ts";

const group = "networking.k8s.io";

/** An ingress that names no class gets the default one, the newest when there are several. */
export function defaultIngressClass(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    handles: (a) => a.operation === "CREATE" && isAbout(a, group, "ingresses"),
    admit: async (attributes) => {
      const ingress = attributes.object as unknown as Ingress;
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata?.annotations?.["kubernetes.io/ingress.class"] !== undefined) return;
      const classes = (await deps.objects(group, "ingressclasses").list()) as unknown as IngressClass[];
      const defaults = classes.filter((c) => c.metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true");
      const newest = defaults.sort(newestFirst)[0]?.metadata?.name;
      if (newest !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: newest };
    },
  };
}
