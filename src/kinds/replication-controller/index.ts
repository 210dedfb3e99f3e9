import { dns1123Subdomain } from "../../core/names.ts";
import { FieldPath } from "../../schema/field-error.ts";
import type { ReplicationController } from "../../schema/types/core-v1.ts";
import { replicationcontrollers } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { specAndStatus } from "../update-rules.ts";
import { workloadWarnings } from "../workload-warnings.ts";
import { replicationControllerCells } from "./columns.ts";
import { setReplicationControllerDefaults } from "./defaults.ts";
import { validateReplicationController, validateReplicationControllerUpdate, validateReplicationControllerStatus } from "./validation.ts";

export const replicationControllerKind: Kind = kind<ReplicationController>({
  ref: replicationcontrollers,
  ...withTemplate(
    specAndStatus<ReplicationController>({ generation: true, emptyStatus: () => ({ replicas: 0 }) }),
    (o) => o.spec?.template,
  ),
  setDefaults: setReplicationControllerDefaults,
  // The form of a generated name is left to what is common to all.
  validateName: (name, prefix) => (prefix ? [] : dns1123Subdomain(name).map((m) => m.replace("253 characters", "253 bytes"))),
  defaultGarbageCollection: "orphan",
  selectableFieldNames: ["status.replicas"],
  selectableFields: (controller) => ({ "status.replicas": String(controller.status?.replicas ?? 0) }),
  validateCreate: validateReplicationController,
  validateUpdate: validateReplicationControllerUpdate,
  validateStatusUpdate: validateReplicationControllerStatus,
  warnings: (object, old) => workloadWarnings(object, old, (o) => o.spec?.template, new FieldPath("spec.template")),
  cells: replicationControllerCells,
});
