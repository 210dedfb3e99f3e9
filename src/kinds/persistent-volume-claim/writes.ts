import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { keepField } from "../update-rules.ts";

export const claimWrites: Pick<Kind<PersistentVolumeClaim>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(claim): void {
    claim.status = { phase: "Pending" };
    if (claim.spec) prepareSources(claim.spec, undefined);
  },
  prepareForUpdate(claim, old): void {
    keepField(claim, old, "status");
    if (claim.spec) prepareSources(claim.spec, old.spec);
  },
  prepareForStatusUpdate(claim, old): void {
    keepField(claim, old, "spec");
  },
};

/** `dataSource` and `dataSourceRef` say the same; what volume snapshots and claims alone may be goes into both. */
function prepareSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  // Sources in other namespaces are an alpha feature (KEP-3294): off.
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef?.namespace) delete spec.dataSourceRef;
  if (spec.dataSource && !old?.dataSource && !isKnownSource(spec.dataSource.apiGroup ?? "", spec.dataSource.kind)) delete spec.dataSource;
  if (spec.dataSourceRef?.namespace) return;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource) {
    const { namespace: _, ...source } = spec.dataSourceRef;
    spec.dataSource = source;
  }
}

function isKnownSource(group: string, kind: string): boolean {
  return (kind === "PersistentVolumeClaim" && group === "") || (kind === "VolumeSnapshot" && group === "snapshot.storage.k8s.io");
}
