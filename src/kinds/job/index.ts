import type { Job } from "../../schema/types/batch-v1.ts";
import { jobs } from "../../schema/types/batch-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { jobCells } from "./columns.ts";
import { setJobDefaults } from "./defaults.ts";
import { validateJobStatus } from "./validation-status.ts";
import { validateJob, validateJobUpdate } from "./validation.ts";
import { jobWarnings } from "./warnings.ts";
import { jobWrites } from "./writes.ts";

export const jobKind: Kind = kind<Job>({
  ref: jobs,
  metadataOnUpdate: ["whole", "change"],
  setDefaults: setJobDefaults,
  generation: true,
  defaultGarbageCollection: "orphan",
  ...withTemplate(jobWrites, (o) => o.spec?.template),
  selectableFieldNames: ["status.successful"],
  selectableFields: (job) => ({ "status.successful": String(job.status?.succeeded ?? 0) }),
  validateCreate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatus,
  warnings: jobWarnings,
  cells: jobCells,
});
