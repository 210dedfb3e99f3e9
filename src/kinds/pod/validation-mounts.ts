/** Where containers mount volumes, as directories or as block devices. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notFoundField, notSupported, required } from "../../schema/field-error.ts";
import type { Container, EphemeralContainer, Volume, VolumeMount } from "../../schema/types/core-v1.ts";
import { validateDescendingPath, validateNoBacksteps } from "./validation-paths.ts";

type Volumes = ReadonlyMap<string, Volume>;

export function validateVolumeMounts(
  container: Container | EphemeralContainer,
  volumes: Volumes,
  path: FieldPath,
  errors: FieldError[],
): void {
  const mounts = container.volumeMounts;
  if (!mounts?.length) return;
  const devices = container.volumeDevices ?? [];
  const points = new Set<string>();
  mounts.forEach((mount, i) => {
    const at = path.index(i);
    if (!mount.name) errors.push(required(at.child("name")));
    if (!volumes.has(mount.name)) errors.push(notFoundField(at.child("name"), mount.name ?? ""));
    if (!mount.mountPath) errors.push(required(at.child("mountPath")));
    if (points.has(mount.mountPath)) errors.push(invalidField(at.child("mountPath"), mount.mountPath ?? "", "must be unique"));
    points.add(mount.mountPath);
    if (devices.some((d) => d.name === mount.name)) {
      errors.push(invalidField(at.child("name"), mount.name, "must not already exist in volumeDevices"));
    }
    if (devices.some((d) => d.devicePath === mount.mountPath)) {
      errors.push(invalidField(at.child("mountPath"), mount.mountPath, "must not already exist as a path in volumeDevices"));
    }
    if (mount.subPath) validateDescendingPath(mount.subPath, path.child("subPath"), errors);
    if (mount.subPathExpr) {
      if (mount.subPath) {
        errors.push(invalidField(at.child("subPathExpr"), mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      }
      validateDescendingPath(mount.subPathExpr, path.child("subPathExpr"), errors);
    }
    validatePropagation(mount, container, path.child("mountPropagation"), errors);
    validateRecursiveReadOnly(mount, path.child("recursiveReadOnly"), errors);
  });
}

function validatePropagation(mount: VolumeMount, container: Container | EphemeralContainer, path: FieldPath, errors: FieldError[]): void {
  const propagation = mount.mountPropagation;
  if (propagation === undefined || propagation === "HostToContainer" || propagation === "None") return;
  if (propagation !== "Bidirectional") errors.push(notSupported(path, propagation, ["Bidirectional", "HostToContainer", "None"]));
  else if (container.securityContext?.privileged !== true) {
    errors.push(forbiddenField(path, "Bidirectional mount propagation is available only to privileged containers"));
  }
}

function validateRecursiveReadOnly(mount: VolumeMount, path: FieldPath, errors: FieldError[]): void {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === "Disabled") return;
  if (mode !== "Enabled" && mode !== "IfPossible") {
    errors.push(notSupported(path, mode, ["Disabled", "Enabled", "IfPossible"]));
    return;
  }
  if (mount.readOnly !== true) errors.push(forbiddenField(path, "may only be specified when readOnly is true"));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== "None") {
    errors.push(forbiddenField(path, "may only be specified when mountPropagation is None or not specified"));
  }
}

export function validateVolumeDevices(
  container: Container | EphemeralContainer,
  volumes: Volumes,
  path: FieldPath,
  errors: FieldError[],
): void {
  const devices = container.volumeDevices;
  if (!devices?.length) return;
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  devices.forEach(({ name, devicePath }, i) => {
    const at = path.index(i);
    const volume = volumes.get(name);
    if (!name) errors.push(required(at.child("name")));
    if (names.has(name)) errors.push(invalidField(at.child("name"), name, "must be unique"));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
      errors.push(invalidField(at.child("name"), name, detail));
    }
    if (!volume) errors.push(notFoundField(at.child("name"), name ?? ""));
    if (!devicePath) errors.push(required(at.child("devicePath")));
    if (paths.has(devicePath)) errors.push(invalidField(at.child("devicePath"), devicePath, "must be unique"));
    const backsteps: FieldError[] = [];
    if (devicePath) validateNoBacksteps(devicePath, at, backsteps);
    if (backsteps.length > 0) errors.push(invalidField(at.child("devicePath"), devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((m) => m.name === name)) {
      errors.push(invalidField(at.child("name"), name, "must not already exist in volumeMounts"));
    }
    if (mounts.some((m) => m.mountPath === devicePath)) {
      errors.push(invalidField(at.child("devicePath"), devicePath, "must not already exist as a path in volumeMounts"));
    }
    if (name) names.add(name);
  });
}
