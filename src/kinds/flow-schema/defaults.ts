import type { FlowSchema } from "../../schema/types/flowcontrol-v1.ts";

/** Fills in a flow schema's defaults, in place. */
export function setFlowSchemaDefaults(schema: FlowSchema): void {
  if (schema.spec) schema.spec.matchingPrecedence ||= 1000;
}
