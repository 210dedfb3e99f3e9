import type { CronJob } from "../../schema/types/batch-v1.ts";
import { setJobTemplateDefaults } from "../job/defaults.ts";

/** Fills in a cron job's defaults, in place. The jobs it makes get theirs when they are made. */
export function setCronJobDefaults(cronJob: CronJob): void {
  const spec = cronJob.spec;
  if (!spec) return;
  if (!spec.concurrencyPolicy) spec.concurrencyPolicy = "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  if (spec.jobTemplate?.spec) setJobTemplateDefaults(spec.jobTemplate.spec);
}
