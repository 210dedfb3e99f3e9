/** What quota asks about devices when a resource claim comes: device classes, and the pods that claims were made for. */
import { type DeviceContext, extendedResourceClaimAnnotation } from "../../kinds/quota/index.ts";
import { extendedResourceClasses } from "../../kinds/device-class/extended-resources.ts";
import type { DeviceClass } from "../../schema/types/resource-v1.ts";
import type { ResourceDeps } from "../deps.ts";

const group = "resource.k8s.io";

/** Device classes of the cluster, claims and pods of the namespace, as they are now. */
export async function deviceContext(deps: ResourceDeps, namespace: string): Promise<DeviceContext> {
  const [classes, claims, pods] = await Promise.all([
    deps.objects(group, "deviceclasses").list(),
    deps.objects(group, "resourceclaims").list(namespace),
    deps.objects("", "pods").list(namespace),
  ]);
  const { classOf, resourceOf } = extendedResourceClasses(classes as unknown as DeviceClass[]);
  return {
    extendedResourceOf: (name) => resourceOf.get(name),
    isDevice: (resource) => classOf.has(resource),
    podOf: (claim) => {
      const owner = claim.metadata?.ownerReferences?.find((o) => o.controller === true);
      const pod = pods.find((p) => p.metadata?.name === owner?.name);
      if (pod === undefined || owner === undefined) return undefined;
      const own = claims.filter(
        (c) =>
          c.metadata?.annotations?.[extendedResourceClaimAnnotation] === "true" &&
          c.metadata.ownerReferences?.some((o) => o.controller === true && o.kind === "Pod" && o.uid === owner.uid) === true,
      );
      return { pod, claims: own };
    },
  };
}
