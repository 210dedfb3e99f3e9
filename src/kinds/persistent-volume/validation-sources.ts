/** Where a persistent volume's bytes lie: one source, each with rules of its own. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, required } from "../../schema/field-error.ts";
import type { CSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference, Volume } from "../../schema/types/core-v1.ts";
import { invalidEach, nameIsDnsLabel, validateDnsLabel, validateDnsSubdomain } from "../formats.ts";
import { diskRules, requireFields, validateCsiDriverName, validateIscsi, validateStorageOs } from "../pod/validation-disks.ts";
import { validateNoBacksteps } from "../pod/validation-paths.ts";
import { validateHostPath } from "../pod/validation-volumes.ts";

type Source =
  | "hostPath"
  | "gcePersistentDisk"
  | "awsElasticBlockStore"
  | "glusterfs"
  | "flocker"
  | "nfs"
  | "rbd"
  | "quobyte"
  | "cephfs"
  | "iscsi"
  | "cinder"
  | "fc"
  | "flexVolume"
  | "azureFile"
  | "vsphereVolume"
  | "photonPersistentDisk"
  | "portworxVolume"
  | "azureDisk"
  | "scaleIO"
  | "local"
  | "storageos"
  | "csi";

/** The fields of a persistent volume's spec that say where its bytes lie, in upstream's order. */
export const volumeSources: readonly (Source & keyof PersistentVolumeSpec)[] = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
];

/** `inline`: the affinity that a local volume needs is not known there. */
export function validateVolumeSources(
  spec: PersistentVolumeSpec,
  name: string,
  path: FieldPath,
  errors: FieldError[],
  inline = false,
): void {
  let count = 0;
  for (const source of volumeSources) {
    if (spec[source] === undefined) continue;
    if (count > 0 && source !== "flexVolume") {
      errors.push(forbiddenField(path.child(source === "cephfs" ? "cephFS" : source), "may not specify more than 1 volume type"));
    } else validateSource(source, inline ? { ...spec, nodeAffinity: undefined } : spec, name, path, errors);
    count++;
  }
  if (count === 0) errors.push(required(path, "must specify a volume type"));
}

function requireReference(ref: SecretReference | undefined, at: FieldPath, errors: FieldError[]): void {
  if (ref && !ref.name) errors.push(required(at.child("secretRef", "name")));
  if (ref && !ref.namespace) errors.push(required(at.child("secretRef", "namespace")));
}

function validateSource(source: Source, spec: PersistentVolumeSpec, name: string, path: FieldPath, errors: FieldError[]): void {
  const at = path.child(source);
  switch (source) {
    case "hostPath":
      if (spec.hostPath) validateHostPath(spec.hostPath, at, errors);
      return;
    case "glusterfs": {
      requireFields(spec.glusterfs ?? {}, ["endpoints", "path"], at, errors);
      const namespace = spec.glusterfs?.endpointsNamespace;
      if (namespace === undefined) return;
      const here = at.child("endpointsNamespace");
      if (namespace === "") errors.push(invalidField(here, "", "if the endpointnamespace is set, it must be a valid namespace name"));
      else invalidEach(nameIsDnsLabel(namespace, false), here, namespace, errors);
      return;
    }
    case "iscsi":
      validateIscsiSource(spec, name, at, errors);
      return;
    case "cinder":
      requireFields(spec.cinder ?? {}, ["volumeID"], at, errors);
      requireReference(spec.cinder?.secretRef, at, errors);
      return;
    case "azureFile":
      requireFields(spec.azureFile ?? {}, ["secretName", "shareName"], at, errors);
      if (spec.azureFile?.secretNamespace === "") errors.push(required(at.child("secretNamespace")));
      return;
    case "local":
      if (!spec.local?.path) errors.push(required(at.child("path")));
      else validateNoBacksteps(spec.local.path, at.child("path"), errors);
      if (!spec.nodeAffinity) errors.push(required(path.child("nodeAffinity"), "Local volume requires node affinity"));
      return;
    case "storageos": {
      const reference = spec.storageos?.secretRef;
      const { secretRef: _, ...rest } = spec.storageos ?? {};
      validateStorageOs(rest, at, errors);
      requireReference(reference as SecretReference | undefined, at, errors);
      return;
    }
    case "csi":
      if (spec.csi) validateCsi(spec.csi, at, errors);
      return;
    default:
      diskRules[source](spec as Pick<Volume, never> as Volume, path, errors);
  }
}

function validateIscsiSource(spec: PersistentVolumeSpec, name: string, at: FieldPath, errors: FieldError[]): void {
  const iscsi = spec.iscsi;
  if (!iscsi) return;
  if (iscsi.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > 64) {
    const detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
    errors.push(invalidField(at.child("targetportal"), iscsi.targetPortal, detail));
  }
  validateIscsi(iscsi, "must be valid format", at, errors);
  if (iscsi.secretRef && !iscsi.secretRef.name) errors.push(required(at.child("secretRef", "name")));
}

const secretRefs = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const satisfies readonly (keyof CSIPersistentVolumeSource)[];

function validateCsi(csi: CSIPersistentVolumeSource, at: FieldPath, errors: FieldError[]): void {
  validateCsiDriverName(csi.driver, at.child("driver"), errors);
  if (!csi.volumeHandle) errors.push(required(at.child("volumeHandle")));
  for (const field of secretRefs) {
    const ref = csi[field];
    if (!ref) continue;
    if (!ref.name) errors.push(required(at.child(field, "name")));
    else validateDnsSubdomain(ref.name, at.child(field, "name"), errors);
    if (!ref.namespace) errors.push(required(at.child(field, "namespace")));
    else validateDnsLabel(ref.namespace, at.child(field, "namespace"), errors);
  }
}
