import type { StatefulSet } from "../../schema/types/apps-v1.ts";
import { roundResourceList } from "../resource-list.ts";
import { setPodTemplateDefaults } from "../pod/spec-defaults.ts";
import { setClaimSpecDefaults } from "../pod/volume-defaults.ts";

/** Fills in a stateful set's defaults, in place. */
export function setStatefulSetDefaults(set: StatefulSet): void {
  const spec = set.spec;
  if (!spec) return;
  if (!spec.podManagementPolicy) spec.podManagementPolicy = "OrderedReady";
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  if (!retention.whenDeleted) retention.whenDeleted = "Retain";
  if (!retention.whenScaled) retention.whenScaled = "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // A claim inside another object has its kind written out.
    claim.apiVersion ??= "v1";
    claim.kind ??= "PersistentVolumeClaim";
    const status = (claim.status ??= {});
    if (!status.phase) status.phase = "Pending";
    setClaimSpecDefaults((claim.spec ??= {}));
    roundResourceList(status.capacity);
    roundResourceList(status.allocatedResources);
  }
}
