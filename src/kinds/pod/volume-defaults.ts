/** What a volume gets that its author left out. */
import type { AzureDiskVolumeSource, PersistentVolumeClaimSpec, ScaleIOVolumeSource, Volume } from "../../schema/types/core-v1.ts";
import { roundResourceList } from "../resource-list.ts";
import { defaultPullPolicy } from "./image-name.ts";

/** 0644, for files made from secrets, config maps, fields and projections. */
const fileMode = 0o644;

/** Fills in a volume's defaults, in place: without any source it is an `emptyDir`. */
export function setVolumeDefaults(volume: Volume): void {
  if (!hasSource(volume)) volume.emptyDir = {};
  if (volume.image && !volume.image.pullPolicy) volume.image.pullPolicy = defaultPullPolicy(volume.image.reference ?? "");
  if (volume.hostPath) volume.hostPath.type ??= "";
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode;
    setFieldRefDefaults(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= fileMode;
    for (const source of volume.projected.sources ?? []) {
      if (source.downwardAPI) setFieldRefDefaults(source.downwardAPI.items);
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    }
  }
  if (volume.ephemeral?.volumeClaimTemplate) setClaimSpecDefaults(volume.ephemeral.volumeClaimTemplate.spec);
  setNetworkDiskDefaults(volume);
}

/** Sources that persistent volumes have too. */
export function setNetworkDiskDefaults(volume: {
  iscsi?: { iscsiInterface?: string | undefined } | undefined;
  rbd?: { pool?: string | undefined; user?: string | undefined; keyring?: string | undefined } | undefined;
  azureDisk?: AzureDiskVolumeSource | undefined;
  scaleIO?: Pick<ScaleIOVolumeSource, "storageMode" | "fsType"> | undefined;
}): void {
  if (volume.iscsi && !volume.iscsi.iscsiInterface) volume.iscsi.iscsiInterface = "default";
  if (volume.rbd) {
    volume.rbd.pool ||= "rbd";
    volume.rbd.user ||= "admin";
    volume.rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (volume.azureDisk) {
    volume.azureDisk.cachingMode ??= "ReadWrite";
    volume.azureDisk.fsType ??= "ext4";
    volume.azureDisk.readOnly ??= false;
    volume.azureDisk.kind ??= "Shared";
  }
  if (volume.scaleIO) {
    volume.scaleIO.storageMode ||= "ThinProvisioned";
    volume.scaleIO.fsType ||= "xfs";
  }
}

/** Defaults of a claim's spec, in place; claim templates have them too. */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  spec.resources ??= {};
  roundResourceList(spec.resources.limits);
  roundResourceList(spec.resources.requests);
}

function setFieldRefDefaults(items: readonly { fieldRef?: { apiVersion?: string | undefined } | undefined }[] | undefined): void {
  for (const { fieldRef } of items ?? []) if (fieldRef && !fieldRef.apiVersion) fieldRef.apiVersion = "v1";
}

function hasSource(volume: Volume): boolean {
  for (const key in volume) if (key !== "name" && volume[key as keyof Volume] !== undefined) return true;
  return false;
}
