/** Network disks and the volume drivers of before CSI. */
import type { FieldError } from "../../schema/field-error.ts";
import type { FieldPath } from "../../schema/field-error.ts";
import { invalidField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import { dns1123Subdomain } from "../../core/names.ts";
import type { AzureDiskVolumeSource, FCVolumeSource, NFSVolumeSource, QuobyteVolumeSource, Volume } from "../../schema/types/core-v1.ts";
import { byteLength, inclusiveRangeError, invalidEach, validateDnsLabel } from "../formats.ts";
import { validateDescendingPath } from "./validation-paths.ts";

type Rule = (volume: Volume, path: FieldPath, errors: FieldError[]) => void;

/** Every one of `fields` has to be set. */
export function requireFields(source: object, fields: readonly string[], path: FieldPath, errors: FieldError[]): void {
  const values = source as Readonly<Record<string, unknown>>;
  for (const field of fields) {
    const value = values[field];
    if (!value || (Array.isArray(value) && value.length === 0)) errors.push(required(path.child(field)));
  }
}

export function validatePartition(partition: number | undefined, path: FieldPath, errors: FieldError[]): void {
  if (partition !== undefined && (partition < 0 || partition > 255)) {
    errors.push(invalidField(path.child("partition"), partition, inclusiveRangeError(1, 255)));
  }
}

function requireSecretName(ref: { name?: string | undefined } | undefined, path: FieldPath, errors: FieldError[]): void {
  if (ref && !ref.name) errors.push(required(path.child("secretRef", "name")));
}

export const diskRules: Readonly<
  Record<
    | "gitRepo"
    | "gcePersistentDisk"
    | "awsElasticBlockStore"
    | "nfs"
    | "iscsi"
    | "glusterfs"
    | "flocker"
    | "rbd"
    | "cinder"
    | "cephfs"
    | "quobyte"
    | "fc"
    | "flexVolume"
    | "azureFile"
    | "vsphereVolume"
    | "photonPersistentDisk"
    | "portworxVolume"
    | "azureDisk"
    | "storageos"
    | "scaleIO",
    Rule
  >
> = {
  gitRepo({ gitRepo }, path, errors) {
    if (!gitRepo) return;
    requireFields(gitRepo, ["repository"], path.child("gitRepo"), errors);
    validateDescendingPath(gitRepo.directory ?? "", path.child("gitRepo", "directory"), errors);
  },
  gcePersistentDisk({ gcePersistentDisk: disk }, path, errors) {
    if (!disk) return;
    requireFields(disk, ["pdName"], path.child("persistentDisk"), errors);
    validatePartition(disk.partition, path.child("persistentDisk"), errors);
  },
  awsElasticBlockStore({ awsElasticBlockStore: disk }, path, errors) {
    if (!disk) return;
    requireFields(disk, ["volumeID"], path.child("awsElasticBlockStore"), errors);
    validatePartition(disk.partition, path.child("awsElasticBlockStore"), errors);
  },
  nfs({ nfs }, path, errors) {
    if (nfs) validateNfs(nfs, path.child("nfs"), errors);
  },
  iscsi({ iscsi }, path, errors) {
    if (iscsi) validateIscsi(iscsi, "must be valid format starting with iqn, eui, or naa", path.child("iscsi"), errors);
  },
  glusterfs({ glusterfs }, path, errors) {
    requireFields(glusterfs ?? {}, ["endpoints", "path"], path.child("glusterfs"), errors);
  },
  flocker({ flocker }, path, errors) {
    validateFlocker(flocker ?? {}, path.child("flocker"), errors);
  },
  rbd({ rbd }, path, errors) {
    requireFields(rbd ?? {}, ["monitors", "image"], path.child("rbd"), errors);
  },
  cinder({ cinder }, path, errors) {
    requireFields(cinder ?? {}, ["volumeID"], path.child("cinder"), errors);
    requireSecretName(cinder?.secretRef, path.child("cinder"), errors);
  },
  cephfs({ cephfs }, path, errors) {
    requireFields(cephfs ?? {}, ["monitors"], path.child("cephfs"), errors);
  },
  quobyte({ quobyte }, path, errors) {
    if (quobyte) validateQuobyte(quobyte, path.child("quobyte"), errors);
  },
  fc({ fc }, path, errors) {
    if (fc) validateFc(fc, path.child("fc"), errors);
  },
  flexVolume({ flexVolume }, path, errors) {
    if (flexVolume) validateFlex(flexVolume, path.child("flexVolume"), errors);
  },
  azureFile({ azureFile }, path, errors) {
    requireFields(azureFile ?? {}, ["secretName", "shareName"], path.child("azureFile"), errors);
  },
  vsphereVolume({ vsphereVolume }, path, errors) {
    requireFields(vsphereVolume ?? {}, ["volumePath"], path.child("vsphereVolume"), errors);
  },
  photonPersistentDisk({ photonPersistentDisk }, path, errors) {
    requireFields(photonPersistentDisk ?? {}, ["pdID"], path.child("photonPersistentDisk"), errors);
  },
  portworxVolume({ portworxVolume }, path, errors) {
    requireFields(portworxVolume ?? {}, ["volumeID"], path.child("portworxVolume"), errors);
  },
  azureDisk({ azureDisk }, path, errors) {
    if (azureDisk) validateAzureDisk(azureDisk, path.child("azureDisk"), errors);
  },
  storageos({ storageos }, path, errors) {
    validateStorageOs(storageos ?? {}, path.child("storageos"), errors);
  },
  scaleIO({ scaleIO }, path, errors) {
    requireFields(scaleIO ?? {}, ["gateway", "system", "volumeName"], path.child("scaleIO"), errors);
  },
};

export function validateNfs(nfs: NFSVolumeSource, path: FieldPath, errors: FieldError[]): void {
  requireFields(nfs, ["server", "path"], path, errors);
  if (!nfs.path?.startsWith("/")) errors.push(invalidField(path.child("path"), nfs.path ?? "", "must be an absolute path"));
}

const iqnRegex = /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$/;
const euiRegex = /^eui.[a-zA-Z0-9]{16}$/;
const naaRegex = /^naa.[a-zA-Z0-9]{32}$/;

function isInitiator(name: string): boolean {
  if (name.startsWith("iqn")) return iqnRegex.test(name);
  return name.startsWith("eui") ? euiRegex.test(name) : naaRegex.test(name);
}

interface Iscsi {
  readonly targetPortal?: string | undefined;
  readonly iqn?: string | undefined;
  readonly lun?: number | undefined;
  readonly chapAuthDiscovery?: boolean | undefined;
  readonly chapAuthSession?: boolean | undefined;
  readonly secretRef?: { readonly name?: string | undefined } | undefined;
  readonly initiatorName?: string | undefined;
}

/** `unknownPrefix`: how a name with another prefix is refused, which differs between volumes and persistent volumes. */
export function validateIscsi(iscsi: Iscsi, unknownPrefix: string, path: FieldPath, errors: FieldError[]): void {
  const prefix = /^(iqn|eui|naa)/;
  const iqn = iscsi.iqn ?? "";
  if (!iscsi.targetPortal) errors.push(required(path.child("targetPortal")));
  if (iqn === "") errors.push(required(path.child("iqn")));
  else if (!prefix.test(iqn)) errors.push(invalidField(path.child("iqn"), iqn, unknownPrefix));
  else if (!isInitiator(iqn)) errors.push(invalidField(path.child("iqn"), iqn, "must be valid format"));
  const lun = iscsi.lun ?? 0;
  if (lun < 0 || lun > 255) errors.push(invalidField(path.child("lun"), lun, inclusiveRangeError(0, 255)));
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) errors.push(required(path.child("secretRef")));
  const initiator = iscsi.initiatorName;
  if (initiator === undefined) return;
  if (!prefix.test(initiator)) errors.push(invalidField(path.child("initiatorname"), initiator, unknownPrefix));
  else if (!isInitiator(initiator)) errors.push(invalidField(path.child("initiatorname"), initiator, "must be valid format"));
}

export function validateFlocker(
  flocker: { datasetName?: string | undefined; datasetUUID?: string | undefined },
  path: FieldPath,
  errors: FieldError[],
): void {
  const { datasetName: name, datasetUUID: uuid } = flocker;
  if (!name && !uuid) errors.push(required(path, "one of datasetName and datasetUUID is required"));
  if (name && uuid) errors.push(invalidField(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  if (name?.includes("/")) errors.push(invalidField(path.child("datasetName"), name, "must not contain '/'"));
}

export function validateQuobyte(quobyte: QuobyteVolumeSource, path: FieldPath, errors: FieldError[]): void {
  const detail = "must be a host:port pair or multiple pairs separated by commas";
  if (!quobyte.registry) errors.push(required(path.child("registry"), detail));
  else if ((quobyte.tenant?.length ?? 0) >= 65) {
    errors.push(required(path.child("tenant"), "must be a UUID and may not exceed a length of 64 characters"));
  } else {
    for (const pair of quobyte.registry.split(",")) {
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)) errors.push(invalidField(path.child("registry"), quobyte.registry, detail));
    }
  }
  requireFields(quobyte, ["volume"], path, errors);
}

export function validateFc(fc: FCVolumeSource, path: FieldPath, errors: FieldError[]): void {
  const targets = fc.targetWWNs?.length ?? 0;
  const ids = fc.wwids?.length ?? 0;
  const at = path.child("targetWWNs");
  if (targets === 0 && ids === 0) errors.push(required(at, "must specify either targetWWNs or wwids, but not both"));
  if (targets > 0 && ids > 0) errors.push(invalidField(at, fc.targetWWNs, "targetWWNs and wwids can not be specified simultaneously"));
  if (targets === 0) return;
  if (fc.lun === undefined) errors.push(required(path.child("lun"), "lun is required if targetWWNs is specified"));
  else if (fc.lun < 0 || fc.lun > 255) errors.push(invalidField(path.child("lun"), fc.lun, inclusiveRangeError(0, 255)));
}

export function validateFlex(
  flex: { driver?: string | undefined; options?: Readonly<Record<string, string>> | undefined },
  path: FieldPath,
  errors: FieldError[],
): void {
  requireFields(flex, ["driver"], path, errors);
  for (const key in flex.options) {
    const slash = key.indexOf("/");
    const namespace = `.${(slash < 0 ? key : key.slice(0, slash)).toLowerCase()}`;
    if (namespace.endsWith(".kubernetes.io") || namespace.endsWith(".k8s.io")) {
      errors.push(invalidField(path.child("options").key(key), key, "kubernetes.io and k8s.io namespaces are reserved"));
    }
  }
}

const managedUris: readonly string[] = ["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"];
const blobUris: readonly string[] = ["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"];

export function validateAzureDisk(disk: AzureDiskVolumeSource, path: FieldPath, errors: FieldError[]): void {
  requireFields(disk, ["diskName", "diskURI"], path, errors);
  const { cachingMode, kind, diskURI } = disk;
  const cachingModes = ["None", "ReadOnly", "ReadWrite"];
  if (cachingMode !== undefined && !cachingModes.includes(cachingMode)) {
    errors.push(notSupported(path.child("cachingMode"), cachingMode, cachingModes));
  }
  const kinds = ["Dedicated", "Managed", "Shared"];
  if (kind === undefined) return;
  if (!kinds.includes(kind)) errors.push(notSupported(path.child("kind"), kind, kinds));
  if (kind === "Managed") {
    if (!diskURI.startsWith("/subscriptions/")) errors.push(notSupported(path.child("diskURI"), diskURI, managedUris));
  } else if (!diskURI.startsWith("https://")) errors.push(notSupported(path.child("diskURI"), diskURI, blobUris));
}

export function validateStorageOs(
  storage: {
    volumeName?: string | undefined;
    volumeNamespace?: string | undefined;
    secretRef?: { name?: string | undefined } | undefined;
  },
  path: FieldPath,
  errors: FieldError[],
): void {
  if (!storage.volumeName) errors.push(required(path.child("volumeName")));
  else validateDnsLabel(storage.volumeName, path.child("volumeName"), errors);
  if (storage.volumeNamespace) validateDnsLabel(storage.volumeNamespace, path.child("volumeNamespace"), errors);
  requireSecretName(storage.secretRef, path, errors);
}

export function validateCsiDriverName(name: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (!name) {
    errors.push(required(path));
    return;
  }
  if (byteLength(name) > 63) errors.push(tooLong(path, 63));
  invalidEach(dns1123Subdomain(name.toLowerCase()), path, name, errors);
}
