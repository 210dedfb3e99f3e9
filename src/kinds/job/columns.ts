import type { Job } from "../../schema/types/batch-v1.ts";
import { age, humanDuration } from "../age.ts";
import { nameOf, containerCells, selectorText } from "../cell-text.ts";

export function jobCells(job: Job, now: number): unknown[] {
  const { spec, status } = job;
  const succeeded = status?.succeeded ?? 0;
  const parallelism = spec?.parallelism ?? 0;
  const wanted = spec?.completions ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
  const { startTime, completionTime } = status ?? {};
  const end = completionTime === undefined ? now : Date.parse(completionTime);
  return [
    nameOf(job),
    jobStatus(job),
    `${succeeded}/${wanted}`,
    startTime === undefined ? "" : humanDuration(end - Date.parse(startTime)),
    age(job, now),
    ...containerCells(spec?.template.spec?.containers),
    selectorText(spec?.selector) || "<none>",
  ];
}

function jobStatus(job: Job): string {
  const is = (type: string): boolean => job.status?.conditions?.find((c) => c.type === type)?.status === "True";
  if (is("Complete")) return "Complete";
  if (is("Failed")) return "Failed";
  if (job.metadata?.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(is) ?? "Running";
}
