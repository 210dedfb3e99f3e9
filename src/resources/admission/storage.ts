/** DefaultStorageClass, StorageObjectInUseProtection, PersistentVolumeClaimResize. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { compareQuantities, parseQuantity } from "../../core/quantity.ts";
import type { PersistentVolumeClaim } from "../../schema/types/core-v1.ts";
import type { StorageClass } from "../../schema/types/storage-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

const group = "storage.k8s.io";
const betaClassAnnotation = "volume.beta.kubernetes.io/storage-class";
const isDefault = (c: StorageClass): boolean =>
  c.metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true" ||
  c.metadata?.annotations?.["storageclass.beta.kubernetes.io/is-default-class"] === "true";

function classOf(claim: PersistentVolumeClaim): string | undefined {
  return claim.metadata?.annotations?.[betaClassAnnotation] ?? claim.spec?.storageClassName;
}

/** A claim that names no class gets the default one, the newest when there are several. */
export function defaultStorageClass(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    handles: (a) => a.operation === "CREATE" && isAbout(a, "", "persistentvolumeclaims"),
    admit: async (attributes) => {
      const claim = attributes.object as unknown as PersistentVolumeClaim;
      if (classOf(claim) !== undefined) return;
      const classes = ((await deps.objects(group, "storageclasses").list()) as unknown as StorageClass[]).filter(isDefault);
      const newest = classes.sort(newestFirst)[0]?.metadata?.name;
      if (newest !== undefined) claim.spec = { ...claim.spec, storageClassName: newest };
    },
  };
}

/** Newest first; by name among those of one second. */
export function newestFirst(
  a: { metadata?: { name?: string | undefined; creationTimestamp?: string | undefined } | undefined },
  b: typeof a,
): number {
  const byTime = Date.parse(b.metadata?.creationTimestamp ?? "") - Date.parse(a.metadata?.creationTimestamp ?? "");
  if (byTime !== 0 && !Number.isNaN(byTime)) return byTime;
  return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1;
}

const protections: Readonly<Record<string, string>> = {
  "/persistentvolumes": "kubernetes.io/pv-protection",
  "/persistentvolumeclaims": "kubernetes.io/pvc-protection",
  [`${group}/volumeattributesclasses`]: "kubernetes.io/vac-protection",
};

/** Volumes and claims in use go only when their users have. */
export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: "StorageObjectInUseProtection",
    handles: (a) => a.operation === "CREATE" && a.subresource === "" && `${a.definition.group}/${a.definition.resource}` in protections,
    admit: ({ definition, object }) => {
      const finalizer = protections[`${definition.group}/${definition.resource}`];
      if (object === undefined || finalizer === undefined || object.metadata?.finalizers?.includes(finalizer)) return;
      object.metadata = { ...object.metadata, finalizers: [...(object.metadata?.finalizers ?? []), finalizer] };
    },
  };
}

/** Claims grow only when they are bound and their class allows it. */
export function persistentVolumeClaimResize(deps: ResourceDeps): AdmissionPlugin {
  const allowed = async (claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Promise<boolean> => {
    const name = classOf(claim) ?? "";
    if (name === "" || name !== classOf(old)) return false;
    const found = (await deps.objects(group, "storageclasses").get("", name)) as StorageClass | undefined;
    return found?.allowVolumeExpansion ?? false;
  };
  return {
    name: "PersistentVolumeClaimResize",
    handles: (a) => a.operation === "UPDATE" && isAbout(a, "", "persistentvolumeclaims"),
    validate: async (attributes) => {
      const claim = attributes.object as unknown as PersistentVolumeClaim;
      const old = attributes.oldObject as unknown as PersistentVolumeClaim;
      const size = (c: PersistentVolumeClaim): string => c.spec?.resources?.requests?.["storage"] ?? "0";
      if (compareQuantities(parseQuantity(size(claim)), parseQuantity(size(old))) <= 0) return;
      if (old.status?.phase !== "Bound") throw refusal(attributes, "Only bound persistent volume claims can be expanded");
      if (!(await allowed(claim, old))) {
        const why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
        throw refusal(attributes, why);
      }
    },
  };
}
