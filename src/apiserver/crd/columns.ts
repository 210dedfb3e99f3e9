/** The Table of a custom resource: Name, then its `additionalPrinterColumns`, or Age where it names none. */
import { parseJsonPath } from "../../lang/jsonpath.ts";
import type { JsonPath } from "../../lang/jsonpath.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { CustomResourceColumnDefinition as Column } from "../../schema/types/apiextensions-v1.ts";
import type { ColumnDefinition } from "../resource.ts";

export interface CustomTable {
  readonly columns: readonly ColumnDefinition[];
  cells(object: UnstructuredObject, now: number): unknown[];
}

const age: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description:
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
};

const nameDescription =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

/** A column whose path cannot be read ends the list, as upstream. */
export function customTable(columns: readonly Column[] | undefined): CustomTable {
  const shown: { column: Column; path: JsonPath }[] = [];
  for (const column of columns?.length ? columns : [age]) {
    const path = parsed(column.jsonPath);
    if (path === undefined) break;
    shown.push({ column, path });
  }
  return {
    columns: [
      { name: "Name", type: "string", format: "name", description: nameDescription, priority: 0 },
      ...shown.map(({ column }) => ({
        name: column.name,
        type: column.type,
        format: column.format ?? "",
        description: column.description ? column.description : `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
        priority: column.priority ?? 0,
      })),
    ],
    cells: (object, now) => [object.metadata?.name ?? "", ...shown.map(({ column, path }) => cell(column.type, path.find(object)[0], now))],
  };
}

function parsed(path: string): JsonPath | undefined {
  try {
    return parseJsonPath(path);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function cell(type: string, value: unknown, now: number): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "string":
      return printed(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : typeof value === "bigint" ? value : null;
    case "number":
      return typeof value === "number" ? value : typeof value === "bigint" ? Number(value) : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? since(value, now) : null;
    default:
      return null;
  }
}

function printed(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean | bigint);
}

/** The cell of a time that may not be there. */
export function dateCell(time: string | null | undefined, now: number): string {
  return time === undefined || time === null ? "<unknown>" : since(time, now);
}

function since(text: string, now: number): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? "<invalid>" : humanDuration(now - at);
}

/** `5s`, `3m20s`, `7h`, `2d3h`: two units while they are small, as `k8s.io/apimachinery/pkg/util/duration` writes ages. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return two(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(years, "y", days % 365, "d") : `${years}y`;
}

function two(a: number, unitA: string, b: number, unitB: string): string {
  return b === 0 ? `${a}${unitA}` : `${a}${unitA}${b}${unitB}`;
}
