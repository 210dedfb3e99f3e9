import type { ControllerRevision } from "../../schema/types/apps-v1.ts";
import { controllerrevisions } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { controllerRevisionCells } from "./columns.ts";
import { validateControllerRevision, validateControllerRevisionUpdate } from "./validation.ts";

export const controllerRevisionKind: Kind = kind<ControllerRevision>({
  ref: controllerrevisions,
  validateCreate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
  cells: controllerRevisionCells,
});
