/** What a pod names in its own namespace, and so what its node may read for it. */
import type { Container, EnvFromSource, EnvVar, Pod, Volume } from "../../schema/types/core-v1.ts";

export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
}

interface Found {
  secrets: Set<string>;
  configMaps: Set<string>;
  claims: Set<string>;
  resourceClaims: Set<string>;
}

export function podReferences(pod: Pod): PodReferences {
  const found: Found = { secrets: new Set(), configMaps: new Set(), claims: new Set(), resourceClaims: new Set() };
  const spec = pod.spec;
  if (spec === undefined) return found;
  for (const { name } of spec.imagePullSecrets ?? []) add(found.secrets, name);
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers]) {
    for (const container of list ?? []) fromContainer(container as Container, found);
  }
  for (const volume of spec.volumes ?? []) fromVolume(volume, pod.metadata?.name ?? "", found);
  for (const { name, resourceClaimName } of spec.resourceClaims ?? []) {
    add(found.resourceClaims, resourceClaimName ?? pod.status?.resourceClaimStatuses?.find((s) => s.name === name)?.resourceClaimName);
  }
  add(found.resourceClaims, pod.status?.extendedResourceClaimStatus?.resourceClaimName);
  return found;
}

function add(into: Set<string>, name: string | undefined): void {
  if (name) into.add(name);
}

function fromContainer(container: { env?: EnvVar[] | undefined; envFrom?: EnvFromSource[] | undefined }, found: Found): void {
  for (const { valueFrom } of container.env ?? []) {
    add(found.secrets, valueFrom?.secretKeyRef?.name);
    add(found.configMaps, valueFrom?.configMapKeyRef?.name);
  }
  for (const source of container.envFrom ?? []) {
    add(found.secrets, source.secretRef?.name);
    add(found.configMaps, source.configMapRef?.name);
  }
}

function fromVolume(v: Volume, podName: string, found: Found): void {
  add(found.secrets, v.secret?.secretName);
  add(found.secrets, v.azureFile?.secretName);
  for (const ref of [v.cephfs?.secretRef, v.flexVolume?.secretRef, v.rbd?.secretRef, v.scaleIO?.secretRef, v.iscsi?.secretRef]) {
    add(found.secrets, ref?.name);
  }
  for (const ref of [v.storageos?.secretRef, v.csi?.nodePublishSecretRef, v.cinder?.secretRef]) add(found.secrets, ref?.name);
  add(found.configMaps, v.configMap?.name);
  for (const source of v.projected?.sources ?? []) {
    add(found.secrets, source.secret?.name);
    add(found.configMaps, source.configMap?.name);
  }
  add(found.claims, v.persistentVolumeClaim?.claimName);
  if (v.ephemeral !== undefined) add(found.claims, `${podName}-${v.name}`);
}
