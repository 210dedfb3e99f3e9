import type { ReplicaSet } from "../../schema/types/apps-v1.ts";
import { replicasets } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { setReplicaSetDefaults } from "./defaults.ts";

export const replicaSetKind: Kind = kind<ReplicaSet>({
  ref: replicasets,
  ...specAndStatus<ReplicaSet>({ generation: true, emptyStatus: () => ({ replicas: 0 }) }),
  setDefaults: setReplicaSetDefaults,
});
