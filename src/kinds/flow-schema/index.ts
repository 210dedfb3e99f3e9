import type { FieldError } from "../../schema/field-error.ts";
import type { FlowSchema } from "../../schema/types/flowcontrol-v1.ts";
import { flowschemas } from "../../schema/types/flowcontrol-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { flowSchemaCells } from "./columns.ts";
import { setFlowSchemaDefaults } from "./defaults.ts";
import { validateFlowSchema } from "./validation.ts";
import { validateConditionTypes } from "../priority-level-configuration/validation.ts";

export const flowSchemaKind: Kind = kind<FlowSchema>({
  ref: flowschemas,
  metadataOnUpdate: ["whole"],
  metadataOnStatusUpdate: [],
  ...specAndStatus<FlowSchema>({ generation: true }),
  setDefaults: setFlowSchemaDefaults,
  validateCreate: validateFlowSchema,
  validateUpdate: validateFlowSchema,
  validateStatusUpdate: (schema) => {
    const errors: FieldError[] = [];
    validateConditionTypes(schema.status?.conditions, errors);
    return errors;
  },
  cells: flowSchemaCells,
  rowOrder: (a, b) => (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0),
});
