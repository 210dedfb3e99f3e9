import type { ReplicationController } from "../../schema/types/core-v1.ts";
import { setPodTemplateDefaults } from "../pod/spec-defaults.ts";

/** Fills in a replication controller's defaults, in place: it takes labels and selector from its template. */
export function setReplicationControllerDefaults(controller: ReplicationController): void {
  const spec = controller.spec;
  if (!spec) return;
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    if (isEmpty(spec.selector)) spec.selector = { ...labels };
    if (isEmpty(controller.metadata?.labels)) (controller.metadata ??= {}).labels = { ...labels };
  }
  spec.replicas ??= 1;
  setPodTemplateDefaults(spec.template);
}

function isEmpty(map: object | undefined): boolean {
  for (const _ in map) return false;
  return true;
}
