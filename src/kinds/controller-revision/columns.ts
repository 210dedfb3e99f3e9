import type { ControllerRevision } from "../../schema/types/apps-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function controllerRevisionCells(revision: ControllerRevision, now: number): unknown[] {
  const owner = revision.metadata?.ownerReferences?.find((o) => o.controller === true);
  const group = owner?.apiVersion.includes("/") === true ? `.${owner.apiVersion.split("/")[0] ?? ""}` : "";
  const controller = owner === undefined ? "<none>" : `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
  return [nameOf(revision), controller, revision.revision, age(revision, now)];
}
