import type { ReplicationController } from "../../schema/types/core-v1.ts";
import { replicationcontrollers } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { setReplicationControllerDefaults } from "./defaults.ts";

export const replicationControllerKind: Kind = kind<ReplicationController>({
  ref: replicationcontrollers,
  ...specAndStatus<ReplicationController>({ generation: true, emptyStatus: () => ({ replicas: 0 }) }),
  setDefaults: setReplicationControllerDefaults,
  defaultGarbageCollection: "orphan",
  selectableFieldNames: ["status.replicas"],
  selectableFields: (controller) => ({ "status.replicas": String(controller.status?.replicas ?? 0) }),
});
