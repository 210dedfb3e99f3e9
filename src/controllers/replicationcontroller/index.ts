import type { Controller } from "../../operator/controller.ts";
import { replicationcontrollers } from "../../schema/types/core-v1.ts";
import { replicaController } from "../replicaset/controller.ts";
import { selectsByMap } from "../selection.ts";

/** Keeps as many pods as each replication controller asks for: the replica set's loop over the older kind. */
export function replicationControllerController(): Controller {
  return replicaController({
    name: "replicationcontroller-controller",
    identity: "replication-controller",
    eventSource: "replication-controller",
    ref: replicationcontrollers,
    matches: (controller, labels) => selectsByMap(controller.spec?.selector, labels),
    reportsTerminating: false,
  });
}
