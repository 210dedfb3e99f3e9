/** Volumes: exactly one source each, and what each sort of source needs. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type { CSIVolumeSource, HostPathVolumeSource, KeyToPath, Volume } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { invalidEach, nameIsDnsSubdomain, validateDnsLabel } from "../formats.ts";
import { validateClaimTemplate } from "../persistent-volume-claim/validation-spec.ts";
import { validatePullPolicy } from "./validation-containers.ts";
import { diskRules, validateCsiDriverName } from "./validation-disks.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { validateNoBacksteps } from "./validation-paths.ts";
import { validateProjection } from "./validation-projection.ts";
import { validateDownwardFile, validateKeyToPath, validateMode } from "./validation-volume-files.ts";

/** Checks the volumes and returns the sound ones by name, for mounts to be matched with. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  pod: ObjectMeta | undefined,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): ReadonlyMap<string, Volume> {
  const sound = new Map<string, Volume>();
  if (!volumes?.length) return sound;
  const made = new Set<string>();
  if (pod?.name) for (const volume of volumes) if (volume.ephemeral) made.add(`${pod.name}-${volume.name}`);
  volumes.forEach((volume, i) => {
    const at = path.index(i);
    const before = errors.length;
    validateSource(volume, pod, at, options, errors);
    if (!volume.name) errors.push(required(at.child("name")));
    else validateDnsLabel(volume.name, at.child("name"), errors);
    if (sound.has(volume.name)) errors.push(duplicate(at.child("name"), volume.name));
    if (errors.length === before) sound.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim;
    if (claim && made.has(claim.claimName)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      errors.push(invalidField(at.child("persistentVolumeClaim", "claimName"), claim.claimName, detail));
    }
  });
  return sound;
}

/** Sources in the order in which upstream looks at them; messages about a second one follow it. */
const sources = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flocker",
  "persistentVolumeClaim",
  "rbd",
  "cinder",
  "cephfs",
  "quobyte",
  "downwardAPI",
  "fc",
  "flexVolume",
  "configMap",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "storageos",
  "projected",
  "scaleIO",
  "csi",
  "ephemeral",
  "image",
] as const satisfies readonly (keyof Volume)[];

/** Names that upstream's messages spell differently. */
const misspelt: Readonly<Record<string, string>> = { cephfs: "cephFS", downwardAPI: "downwarAPI" };

function validateSource(
  volume: Volume,
  pod: ObjectMeta | undefined,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  let count = 0;
  for (const source of sources) {
    if (volume[source] === undefined) continue;
    if (count > 0) errors.push(forbiddenField(path.child(misspelt[source] ?? source), "may not specify more than 1 volume type"));
    else validateOne(source, volume, pod, path, options, errors);
    count++;
    if (source === "iscsi" && volume.iscsi?.initiatorName !== undefined) {
      if (`${volume.name}:${volume.iscsi.targetPortal}`.length > 64) {
        const detail =
          "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
        errors.push(invalidField(path.child("name"), volume.name, detail));
      }
    }
  }
  if (count === 0) errors.push(required(path, "must specify a volume type"));
}

function validateOne(
  source: (typeof sources)[number],
  volume: Volume,
  pod: ObjectMeta | undefined,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const at = path.child(source);
  switch (source) {
    case "emptyDir": {
      const limit = volume.emptyDir?.sizeLimit;
      if (limit !== undefined && compareQuantities(limit, "0") < 0) {
        errors.push(forbiddenField(at.child("sizeLimit"), "SizeLimit field must be a valid resource quantity"));
      }
      return;
    }
    case "hostPath":
      if (volume.hostPath) validateHostPath(volume.hostPath, at, errors);
      return;
    case "secret":
      if (!volume.secret?.secretName) errors.push(required(at.child("secretName")));
      validateFiles(volume.secret ?? {}, at, errors);
      return;
    case "configMap":
      if (!volume.configMap?.name) errors.push(required(at.child("name")));
      validateFiles(volume.configMap ?? {}, at, errors);
      return;
    case "persistentVolumeClaim":
      if (!volume.persistentVolumeClaim?.claimName) errors.push(required(at.child("claimName")));
      return;
    case "downwardAPI":
      validateMode(volume.downwardAPI?.defaultMode, at.child("defaultMode"), errors);
      for (const file of volume.downwardAPI?.items ?? []) validateDownwardFile(file, at, errors);
      return;
    case "projected":
      validateMode(volume.projected?.defaultMode, at.child("defaultMode"), errors);
      if (volume.projected) validateProjection(volume.projected, at, options, errors);
      return;
    case "csi":
      if (volume.csi) validateCsi(volume.csi, at, errors);
      return;
    case "ephemeral":
      validateEphemeral(volume, pod, path, errors);
      return;
    case "image":
      if (options.isPod && !volume.image?.reference) errors.push(required(at.child("reference")));
      validatePullPolicy(volume.image?.pullPolicy, at.child("pullPolicy"), errors);
      return;
    default:
      diskRules[source](volume, path, errors);
  }
}

const hostPathTypes: readonly string[] = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function validateHostPath(source: HostPathVolumeSource, path: FieldPath, errors: FieldError[]): void {
  if (!source.path) {
    errors.push(required(path.child("path")));
    return;
  }
  validateNoBacksteps(source.path, path.child("path"), errors);
  if (source.type !== undefined && !hostPathTypes.includes(source.type)) {
    errors.push(notSupported(path.child("type"), source.type, hostPathTypes));
  }
}

function validateFiles(
  source: { defaultMode?: number | undefined; items?: readonly KeyToPath[] | undefined },
  path: FieldPath,
  errors: FieldError[],
): void {
  validateMode(source.defaultMode, path.child("defaultMode"), errors);
  source.items?.forEach((item, i) => validateKeyToPath(item, path.child("items").index(i), errors));
}

function validateCsi(source: CSIVolumeSource, path: FieldPath, errors: FieldError[]): void {
  validateCsiDriverName(source.driver, path.child("driver"), errors);
  const secret = source.nodePublishSecretRef;
  if (!secret) return;
  if (!secret.name) errors.push(required(path.child("nodePublishSecretRef", "name")));
  else invalidEach(nameIsDnsSubdomain(secret.name, false), path.child("name"), secret.name, errors);
}

function validateEphemeral(volume: Volume, pod: ObjectMeta | undefined, path: FieldPath, errors: FieldError[]): void {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const at = path.child("ephemeral", "volumeClaimTemplate");
  if (!template) errors.push(required(at));
  else validateClaimTemplate(template, at, errors);
  if (!pod?.name || !volume.name) return;
  const name = `${pod.name}-${volume.name}`;
  for (const message of nameIsDnsSubdomain(name, false)) {
    errors.push(invalidField(path.child("name"), volume.name, `PVC name ${JSON.stringify(name)}: ${message}`));
  }
}
