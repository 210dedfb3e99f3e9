import type { AdmissionAttributes } from "../../apiserver/admission.ts";
import { aggregate } from "../../auth/authorizers.ts";
import { hasReason, notFound } from "../../core/api-error.ts";
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, Pod, Volume } from "../../schema/types/core-v1.ts";
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
  const missing: string[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    try {
      if (await names(deps, attributes.namespace, pod, volume, audience)) return undefined;
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      missing.push((error as Error).message);
    }
  }
  if (missing.length > 0) return `error validating audience ${JSON.stringify(audience)}: ${aggregate(missing)}`;
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
  const driver = (await found(deps, "storage.k8s.io", "csidrivers", "", driverName)) as CSIDriver;
  return driver.spec?.tokenRequests?.some((t) => (t.audience ?? "") === audience) ?? false;
}

/** Throws NotFound. */
async function found(deps: ResourceDeps, group: string, resource: string, namespace: string, name: string): Promise<unknown> {
  const object = await deps.objects(group, resource).get(namespace, name);
  // As caches say it: in the singular.
  if (object === undefined) throw notFound({ group, resource: resource.slice(0, -1) }, name);
  return object;
}

/** Drivers that took over the volumes that Kubernetes once knew by itself (KEP-625). */
const migrated: Readonly<Partial<Record<keyof Volume & keyof PersistentVolumeSpec, string>>> = {
  awsElasticBlockStore: "ebs.csi.aws.com",
  azureDisk: "disk.csi.azure.com",
  azureFile: "file.csi.azure.com",
  cinder: "cinder.csi.openstack.org",
  gcePersistentDisk: "pd.csi.storage.gke.io",
  portworxVolume: "pxd.portworx.com",
  vsphereVolume: "csi.vsphere.vmware.com",
};

function migratedDriver(source: Volume | PersistentVolumeSpec): string | undefined {
  return Object.entries(migrated).find(([name]) => source[name as keyof typeof source] !== undefined)?.[1];
}

/** The CSI driver behind a volume. */
async function driverOf(deps: ResourceDeps, namespace: string, pod: Pod, volume: Volume): Promise<string | undefined> {
  if (volume.csi !== undefined) return volume.csi.driver;
  const ephemeral = volume.ephemeral?.volumeClaimTemplate !== undefined;
  const claimName = ephemeral ? `${pod.metadata?.name ?? ""}-${volume.name}` : volume.persistentVolumeClaim?.claimName;
  if (claimName === undefined) return migratedDriver(volume);
  const claim = (await found(deps, "", "persistentvolumeclaims", namespace, claimName)) as PersistentVolumeClaim;
  const bound = (await found(deps, "", "persistentvolumes", "", claim.spec?.volumeName ?? "")) as PersistentVolume;
  return bound.spec?.csi?.driver ?? (bound.spec === undefined ? undefined : migratedDriver(bound.spec));
}
