/**
 * Fields of features that upstream has off by default in v1.36: dropped from a spec unless the old one uses them already.
 */
import type { PodSpec, PodStatus } from "../../schema/types/core-v1.ts";
import { visitContainers } from "./containers.ts";

/** Drops them, in place. */
export function dropDisabledPodFields(spec: PodSpec, old: PodSpec | undefined): void {
  if (!old?.schedulingGroup) delete spec.schedulingGroup;
  if (spec.volumes) dropProjections(spec, old);
  let keepsSignals: boolean | undefined;
  visitContainers(spec, (container) => {
    const lifecycle = container.lifecycle;
    if (lifecycle?.stopSignal === undefined) return;
    keepsSignals ??= usesStopSignals(old);
    if (keepsSignals) return;
    delete lifecycle.stopSignal;
    if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
  });
}

/** Cluster trust bundles (KEP-3257) and pod certificates (KEP-4317) as volumes. */
function dropProjections(spec: PodSpec, old: PodSpec | undefined): void {
  for (const volume of spec.volumes ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      if (source.clusterTrustBundle && !usesProjection(old, "clusterTrustBundle")) delete source.clusterTrustBundle;
      if (source.podCertificate && !usesProjection(old, "podCertificate")) delete source.podCertificate;
    }
  }
}

function usesProjection(spec: PodSpec | undefined, source: "clusterTrustBundle" | "podCertificate"): boolean {
  return spec?.volumes?.some((v) => v.projected?.sources?.some((s) => s[source] !== undefined)) ?? false;
}

function usesStopSignals(spec: PodSpec | undefined): boolean {
  let used = false;
  visitContainers(spec, (container) => {
    used ||= container.lifecycle?.stopSignal !== undefined;
  });
  return used;
}

/** Drops from a status what the old one does not have yet: claims of what a node allocates, digests of mounted images. */
export function dropDisabledStatusFields(status: PodStatus, old: PodStatus | undefined): void {
  if (!old?.nodeAllocatableResourceClaimStatuses?.length) delete status.nodeAllocatableResourceClaimStatuses;
  if (usesVolumeStatus(old)) return;
  for (const container of containerStatuses(status)) for (const mount of container.volumeMounts ?? []) delete mount.volumeStatus;
}

function containerStatuses(status: PodStatus): NonNullable<PodStatus["containerStatuses"]> {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
}

function usesVolumeStatus(status: PodStatus | undefined): boolean {
  return status !== undefined && containerStatuses(status).some((c) => c.volumeMounts?.some((m) => m.volumeStatus !== undefined));
}
