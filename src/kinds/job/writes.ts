import type { Job, JobSpec } from "../../schema/types/batch-v1.ts";
import type { Kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { setJobDefaults } from "./defaults.ts";

/** Labels that tie a job's pods to it; the ones without prefix are older. */
export const jobNameLabel = "batch.kubernetes.io/job-name";
export const controllerUidLabel = "batch.kubernetes.io/controller-uid";
export const legacyJobNameLabel = "job-name";
export const legacyControllerUidLabel = "controller-uid";

const usual = specAndStatus<Job>({ generation: true });

export const jobWrites: Pick<Kind<Job>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(job): void {
    if (job.spec && job.spec.manualSelector !== true) generateSelector(job.spec, job.metadata?.name ?? "", job.metadata?.uid ?? "");
    // Clients see a job without labels carry those of its pods: what is read back is defaulted once more.
    setJobDefaults(job);
    usual.prepareForCreate?.(job);
  },
  ...(usual.prepareForUpdate && { prepareForUpdate: usual.prepareForUpdate }),
  ...(usual.prepareForStatusUpdate && { prepareForStatusUpdate: usual.prepareForStatusUpdate }),
};

/** The selector is the job's own uid, so that no two jobs fight for a pod. */
function generateSelector(spec: JobSpec, name: string, uid: string): void {
  const labels = ((spec.template.metadata ??= {}).labels ??= {});
  labels[legacyJobNameLabel] ??= name;
  labels[jobNameLabel] ??= name;
  labels[legacyControllerUidLabel] ??= uid;
  labels[controllerUidLabel] ??= uid;
  ((spec.selector ??= {}).matchLabels ??= {})[controllerUidLabel] ??= uid;
}
