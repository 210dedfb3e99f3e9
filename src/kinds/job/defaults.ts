import type { Job, JobSpec } from "../../schema/types/batch-v1.ts";
import { setPodTemplateDefaults } from "../pod/spec-defaults.ts";

const maxInt32 = 2147483647;

/** Fills in a job's defaults, in place. */
export function setJobDefaults(job: Job): void {
  const spec = job.spec;
  if (!spec) return;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  const labels = spec.template?.metadata?.labels;
  if (labels && !hasKeys(job.metadata?.labels)) (job.metadata ??= {}).labels = labels;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  spec.manualSelector ??= false;
  setJobTemplateDefaults(spec);
}

/** Defaults of a job's spec that a cron job's template has too. */
export function setJobTemplateDefaults(spec: JobSpec): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) if (!pattern.status) pattern.status = "True";
  }
  setPodTemplateDefaults(spec.template);
}

function hasKeys(map: object | undefined): boolean {
  for (const _ in map) return true;
  return false;
}
