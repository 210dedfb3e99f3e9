import type { FlowSchema } from "../../schema/types/flowcontrol-v1.ts";
import { flowschemas } from "../../schema/types/flowcontrol-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { flowSchemaCells } from "./columns.ts";
import { setFlowSchemaDefaults } from "./defaults.ts";

export const flowSchemaKind: Kind = kind<FlowSchema>({
  ref: flowschemas,
  ...specAndStatus<FlowSchema>({ generation: true }),
  setDefaults: setFlowSchemaDefaults,
  cells: flowSchemaCells,
});
