import { FieldPath } from "../../schema/field-error.ts";
import type { DaemonSet } from "../../schema/types/apps-v1.ts";
import { daemonsets } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { workloadWarnings } from "../workload-warnings.ts";
import { setDaemonSetDefaults } from "./defaults.ts";
import { validateDaemonSet, validateDaemonSetUpdate, validateDaemonSetStatus } from "./validation.ts";

export const daemonSetKind: Kind = kind<DaemonSet>({
  ref: daemonsets,
  ...specAndStatus<DaemonSet>({
    generation: true,
    emptyStatus: () => ({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }),
  }),
  setDefaults: setDaemonSetDefaults,
  validateCreate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: (object, old) => workloadWarnings(object, old, (o) => o.spec?.template, new FieldPath("spec.template"), false),
});
