import type { AdmissionAttributes } from "../../apiserver/admission.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../schema/types/core-v1.ts";
import type { CSIDriver } from "../../schema/types/storage-v1.ts";
import type { ResourceDeps } from "../deps.ts";

/**
 * Whether a node may ask for a token of these audiences for the pod: a volume of the pod names it (projected, or through a
 * CSI driver), or RBAC says so (KEP-4935). Answers why not.
 */
export async function mayRequestAudience(
  deps: ResourceDeps,
  attributes: AdmissionAttributes,
  audiences: readonly string[],
  pod: Pod,
): Promise<string | undefined> {
  if (audiences.length > 1) return "node may only request 0 or 1 audiences";
  const audience = audiences[0] ?? "";
  for (const volume of pod.spec?.volumes ?? []) if (await names(deps, attributes.namespace, pod, volume, audience)) return undefined;
  const verdict = await deps.authorizer?.authorize({
    user: attributes.user,
    verb: "request-serviceaccounts-token-audience",
    resourceRequest: true,
    path: "",
    group: "",
    version: "v1",
    resource: audience,
    subresource: "",
    namespace: attributes.namespace,
    name: attributes.name,
  });
  if (verdict === undefined || verdict.decision === "allow") return undefined;
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${attributes.user.name} is not authorized to request tokens for this audience`;
}

async function names(deps: ResourceDeps, namespace: string, pod: Pod, volume: Volume, audience: string): Promise<boolean> {
  const projected = volume.projected?.sources?.some(
    (s) => s.serviceAccountToken !== undefined && (s.serviceAccountToken.audience ?? "") === audience,
  );
  if (projected === true) return true;
  const driverName = await driverOf(deps, namespace, pod, volume);
  if (driverName === undefined) return false;
  const driver = (await deps.objects("storage.k8s.io", "csidrivers").get("", driverName)) as unknown as CSIDriver | undefined;
  return driver?.spec?.tokenRequests?.some((t) => (t.audience ?? "") === audience) ?? false;
}

/** The CSI driver behind a volume. */
async function driverOf(deps: ResourceDeps, namespace: string, pod: Pod, volume: Volume): Promise<string | undefined> {
  if (volume.csi !== undefined) return volume.csi.driver;
  const claimName = volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata?.name ?? ""}-${volume.name}`;
  if (claimName === undefined) return undefined;
  const claim = (await deps.objects("", "persistentvolumeclaims").get(namespace, claimName)) as unknown as
    | PersistentVolumeClaim
    | undefined;
  const volumeName = claim?.spec?.volumeName;
  if (!volumeName) return undefined;
  const bound = (await deps.objects("", "persistentvolumes").get("", volumeName)) as unknown as PersistentVolume | undefined;
  return bound?.spec?.csi?.driver;
}
