import { FieldPath } from "../../schema/field-error.ts";
import type { ReplicaSet } from "../../schema/types/apps-v1.ts";
import { replicasets } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { specAndStatus } from "../update-rules.ts";
import { workloadWarnings } from "../workload-warnings.ts";
import { replicaSetCells } from "./columns.ts";
import { setReplicaSetDefaults } from "./defaults.ts";
import { validateReplicaSet, validateReplicaSetUpdate, validateReplicaSetStatus } from "./validation.ts";

export const replicaSetKind: Kind = kind<ReplicaSet>({
  ref: replicasets,
  ...withTemplate(specAndStatus<ReplicaSet>({ generation: true, emptyStatus: () => ({ replicas: 0 }) }), (o) => o.spec?.template),
  setDefaults: setReplicaSetDefaults,
  validateCreate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: (object, old) => workloadWarnings(object, old, (o) => o.spec?.template, new FieldPath("spec.template")),
  cells: replicaSetCells,
});
