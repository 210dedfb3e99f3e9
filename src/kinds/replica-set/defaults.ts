import type { ReplicaSet } from "../../schema/types/apps-v1.ts";
import { setPodTemplateDefaults } from "../pod/spec-defaults.ts";

/** Fills in a replica set's defaults, in place. */
export function setReplicaSetDefaults(set: ReplicaSet): void {
  if (!set.spec) return;
  set.spec.replicas ??= 1;
  setPodTemplateDefaults(set.spec.template);
}
