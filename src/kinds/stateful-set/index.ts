import type { StatefulSet } from "../../schema/types/apps-v1.ts";
import { statefulsets } from "../../schema/types/apps-v1.ts";
import { nameIsDnsLabel } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { statefulSetCells } from "./columns.ts";
import { setStatefulSetDefaults } from "./defaults.ts";
import { validateStatefulSet, validateStatefulSetUpdate, validateStatefulSetStatus } from "./validation.ts";
import { statefulSetWarnings } from "./warnings.ts";
import { statefulSetWrites } from "./writes.ts";

export const statefulSetKind: Kind = kind<StatefulSet>({
  ref: statefulsets,
  ...withTemplate(statefulSetWrites, (o) => o.spec?.template),
  setDefaults: setStatefulSetDefaults,
  validateName: nameIsDnsLabel,
  validateCreate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: statefulSetWarnings,
  cells: statefulSetCells,
});
