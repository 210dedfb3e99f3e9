import { FieldPath } from "../../schema/field-error.ts";
import type { DaemonSet } from "../../schema/types/apps-v1.ts";
import { daemonsets } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { workloadWarnings } from "../workload-warnings.ts";
import { daemonSetCells } from "./columns.ts";
import { setDaemonSetDefaults } from "./defaults.ts";
import { validateDaemonSet, validateDaemonSetUpdate, validateDaemonSetStatus } from "./validation.ts";
import { daemonSetWrites } from "./writes.ts";

export const daemonSetKind: Kind = kind<DaemonSet>({
  ref: daemonsets,
  setDefaults: setDaemonSetDefaults,
  ...withTemplate(daemonSetWrites, (o) => o.spec?.template),
  validateCreate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: (object, old) => workloadWarnings(object, old, (o) => o.spec?.template, new FieldPath("spec.template"), false),
  cells: daemonSetCells,
});
