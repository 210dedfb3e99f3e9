import type { DaemonSet } from "../../schema/types/apps-v1.ts";
import { daemonsets } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { setDaemonSetDefaults } from "./defaults.ts";

export const daemonSetKind: Kind = kind<DaemonSet>({
  ref: daemonsets,
  ...specAndStatus<DaemonSet>({
    generation: true,
    emptyStatus: () => ({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }),
  }),
  setDefaults: setDaemonSetDefaults,
});
