import type { CSINode } from "../../schema/types/storage-v1.ts";
import { csinodes } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { csiNodeCells } from "./columns.ts";

export const csiNodeKind: Kind = kind<CSINode>({
  ref: csinodes,
  allowUnconditionalUpdate: false,
  cells: csiNodeCells,
});
