/** The Tables of the built-in kinds, from `facts/table-columns.json`. */
import facts from "../../facts/table-columns.json" with { type: "json" };
import type { ColumnDefinition } from "../apiserver/resource.ts";

const rows = facts as unknown as Record<string, [name: string, type: string, format: string, priority: number][]>;

/** Undefined when upstream gives this resource the default table. */
export function columnsOf(group: string, version: string, resource: string): ColumnDefinition[] | undefined {
  const row = rows[group === "" ? `${resource}.${version}` : `${resource}.${version}.${group}`];
  return row?.map(([name, type, format, priority]) => ({ name, type, format, description: "", priority }));
}
