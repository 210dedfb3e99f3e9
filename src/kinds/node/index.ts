import type { Node } from "../../schema/types/core-v1.ts";
import { nodes } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { nodeCells } from "./columns.ts";
import { setNodeDefaults } from "./defaults.ts";
import { validateNode, validateNodeUpdate, validateNodeStatusUpdate, nodeWarnings } from "./validation.ts";
import { nodeWrites } from "./writes.ts";

export const nodeKind: Kind = kind<Node>({
  ref: nodes,
  metadataOnUpdate: [],
  setDefaults: setNodeDefaults,
  ...nodeWrites,
  selectableFieldNames: ["spec.unschedulable"],
  selectableFields: (node) => ({ "spec.unschedulable": String(node.spec?.unschedulable ?? false) }),
  validateCreate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeStatusUpdate,
  warnings: nodeWarnings,
  cells: nodeCells,
});
