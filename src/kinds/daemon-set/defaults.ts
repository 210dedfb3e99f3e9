import type { DaemonSet } from "../../schema/types/apps-v1.ts";
import { setPodTemplateDefaults } from "../pod/spec-defaults.ts";

/** Fills in a daemon set's defaults, in place. */
export function setDaemonSetDefaults(daemonSet: DaemonSet): void {
  const spec = daemonSet.spec;
  if (!spec) return;
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) strategy.type = "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
}
