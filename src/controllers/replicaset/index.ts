import type { Controller } from "../../operator/controller.ts";
import { replicasets } from "../../schema/types/apps-v1.ts";
import { selects } from "../selection.ts";
import { replicaController } from "./controller.ts";

/** Keeps as many pods as each replica set asks for. */
export function replicaSetController(): Controller {
  return replicaController({
    name: "replicaset-controller",
    ref: replicasets,
    matches: (set, labels) => selects(set.spec?.selector, labels),
    reportsTerminating: true,
  });
}
