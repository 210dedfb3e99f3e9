import { FieldPath } from "../../schema/field-error.ts";
import type { Job, JobSpec } from "../../schema/types/batch-v1.ts";
import { podTemplateWarnings, workloadNameWarnings } from "../pod/warnings.ts";

export function jobWarnings(job: Job, old: Job | undefined): string[] {
  const at = new FieldPath("spec");
  if (old === undefined) return [...workloadNameWarnings(job.metadata?.name), ...jobSpecWarnings(job.spec, at)];
  return job.metadata?.generation === old.metadata?.generation ? [] : jobSpecWarnings(job.spec, at);
}

export function jobSpecWarnings(spec: JobSpec | undefined, at: FieldPath): string[] {
  if (spec === undefined) return [];
  const warnings: string[] = [];
  if (spec.completionMode === "Indexed" && (spec.completions ?? 0) > 100_000 && (spec.parallelism ?? 0) > 10_000) {
    const why =
      "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";
    warnings.push(`${at}: ${why}`);
  }
  warnings.push(...podTemplateWarnings(spec.template, at.child("template")));
  return warnings;
}
