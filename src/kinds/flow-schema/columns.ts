import type { FlowSchema } from "../../schema/types/flowcontrol-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function flowSchemaCells(schema: FlowSchema, now: number): unknown[] {
  const { spec, status } = schema;
  const dangling = status?.conditions?.find((c) => c.type === "Dangling");
  return [
    nameOf(schema),
    spec?.priorityLevelConfiguration.name ?? "",
    spec?.matchingPrecedence ?? 0,
    spec?.distinguisherMethod?.type ?? "<none>",
    age(schema, now),
    dangling === undefined ? "?" : (dangling.status ?? ""),
  ];
}
