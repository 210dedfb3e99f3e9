import type { CSINode } from "../../schema/types/storage-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function csiNodeCells(node: CSINode, now: number): unknown[] {
  return [nameOf(node), node.spec.drivers?.length ?? 0, age(node, now)];
}
