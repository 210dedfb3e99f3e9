import type { CSINode } from "../../schema/types/storage-v1.ts";
import { csinodes } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { csiNodeCells } from "./columns.ts";
import { validateCsiNode, validateCsiNodeUpdate } from "./validation.ts";

export const csiNodeKind: Kind = kind<CSINode>({
  ref: csinodes,
  metadataOnUpdate: ["whole"],
  allowUnconditionalUpdate: false,
  validateCreate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  cells: csiNodeCells,
});
