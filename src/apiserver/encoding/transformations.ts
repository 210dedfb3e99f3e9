/** Answers that are drawn from objects: Table and PartialObjectMetadata, as `meta.k8s.io` defines them. */
import { badRequest } from "../../core/api-error.ts";
import type { KubeObject, UnstructuredObject } from "../../schema/object.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { ColumnDefinition, ResourceVersion } from "../resource.ts";
import type { ListMetaFields } from "./frames.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  readonly includeObject: IncludeObject;
  readonly version: "v1" | "v1beta1";
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** Throws the 400 of an unknown `includeObject`. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const text = query.get("includeObject") ?? "";
  if (text === "") return "Metadata";
  if (text === "None" || text === "Metadata" || text === "Object") return text;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

const defaultColumns: readonly ColumnDefinition[] = [
  {
    name: "Name",
    type: "string",
    format: "name",
    description:
      "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
    priority: 0,
  },
  {
    name: "Created At",
    type: "date",
    format: "",
    description:
      "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    priority: 0,
  },
];

export interface TableRow {
  cells: unknown[];
  object?: KubeObject | null;
}

export interface Table extends KubeObject {
  columnDefinitions: readonly ColumnDefinition[];
  rows: TableRow[];
}

/** `objects` are at the served version. */
export function asTable(
  columnsAndCells: Pick<ResourceVersion, "columns" | "cells">,
  objects: readonly UnstructuredObject[],
  meta: Partial<ListMetaFields>,
  options: TableOptions,
): Table {
  const { columns, cells } = columnsAndCells;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata: meta,
    columnDefinitions: columns ?? defaultColumns,
    rows: objects.map((object) => ({
      cells:
        columns === undefined || cells === undefined
          ? [object.metadata?.name, object.metadata?.creationTimestamp]
          : cells(object, options.now),
      object: rowObject(object, options),
    })),
  };
}

function rowObject(object: UnstructuredObject, options: TableOptions): KubeObject | null {
  if (options.includeObject === "None") return null;
  return options.includeObject === "Object" ? object : asPartialObjectMetadata(object, options.version);
}

export function asPartialObjectMetadata(object: KubeObject, version: "v1" | "v1beta1"): KubeObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata as ObjectMeta };
}

export interface PartialObjectMetadataList extends KubeObject {
  items: KubeObject[];
}

export function asPartialObjectMetadataList(
  objects: readonly KubeObject[],
  meta: Partial<ListMetaFields>,
  version: "v1" | "v1beta1",
): PartialObjectMetadataList {
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: meta,
    items: objects.map((object) => asPartialObjectMetadata(object, version)),
  };
}
