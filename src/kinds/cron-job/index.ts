import type { CronJob } from "../../schema/types/batch-v1.ts";
import { cronjobs } from "../../schema/types/batch-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { specAndStatus } from "../update-rules.ts";
import { cronJobCells } from "./columns.ts";
import { setCronJobDefaults } from "./defaults.ts";
import { validateCronJob, validateCronJobUpdate, cronJobWarnings } from "./validation.ts";

export const cronJobKind: Kind = kind<CronJob>({
  ref: cronjobs,
  ...withTemplate(specAndStatus<CronJob>({ generation: true }), (o) => o.spec?.jobTemplate?.spec?.template),
  setDefaults: setCronJobDefaults,
  validateCreate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
  warnings: cronJobWarnings,
  cells: cronJobCells,
});
