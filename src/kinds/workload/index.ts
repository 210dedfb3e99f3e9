import { type Workload, workloads } from "../../schema/types/scheduling-v1alpha2.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { dropDisabledGroupFields } from "../pod-group/disabled-fields.ts";
import { validateWorkload, validateWorkloadUpdate } from "./validation.ts";

export const workloadKind: Kind = kind<Workload>({
  ref: workloads,
  prepareForCreate: (workload) => dropDisabled(workload, undefined),
  prepareForUpdate: dropDisabled,
  validateCreate: validateWorkload,
  validateUpdate: validateWorkloadUpdate,
});

function dropDisabled({ spec }: Workload, old: Workload | undefined): void {
  (spec.podGroupTemplates ?? []).forEach((template, i) => dropDisabledGroupFields(template, old?.spec.podGroupTemplates[i]));
}
