import type { CronJob } from "../../schema/types/batch-v1.ts";
import { cronjobs } from "../../schema/types/batch-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { cronJobCells } from "./columns.ts";
import { setCronJobDefaults } from "./defaults.ts";

export const cronJobKind: Kind = kind<CronJob>({
  ref: cronjobs,
  ...specAndStatus<CronJob>({ generation: true }),
  setDefaults: setCronJobDefaults,
  cells: cronJobCells,
});
