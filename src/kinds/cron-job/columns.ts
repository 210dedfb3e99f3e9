import type { CronJob } from "../../schema/types/batch-v1.ts";
import { age, timeSince } from "../age.ts";
import { nameOf, containerCells, selectorText, booleanText } from "../cell-text.ts";

export function cronJobCells(cron: CronJob, now: number): unknown[] {
  const { spec, status } = cron;
  const last = status?.lastScheduleTime;
  return [
    nameOf(cron),
    spec?.schedule ?? "",
    spec?.timeZone ?? "<none>",
    booleanText(spec?.suspend),
    status?.active?.length ?? 0,
    last === undefined ? "<none>" : timeSince(last, now),
    age(cron, now),
    ...containerCells(spec?.jobTemplate.spec?.template.spec?.containers),
    selectorText(spec?.jobTemplate.spec?.selector) || "<none>",
  ];
}
