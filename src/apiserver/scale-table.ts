/** The Table of a Scale, whatever it is the scale of. */
import type { UnstructuredObject } from "../schema/object.ts";
import type { Scale } from "../schema/types/autoscaling-v1.ts";
import { dateCell } from "./crd/columns.ts";
import type { ObjectView } from "./resource.ts";

const column = (name: string, type: string): NonNullable<ObjectView["columns"]>[number] => ({
  name,
  type,
  format: "",
  description: "",
  priority: 0,
});

/** Columns and cells for the views of `autoscaling/v1` Scale. */
export const scaleTable: Pick<ObjectView, "columns" | "cells"> = {
  columns: [column("Name", "string"), column("Desired", "integer"), column("Available", "integer"), column("Age", "string")],
  cells: (view: UnstructuredObject, now: number) => {
    const { metadata, spec, status } = view as Scale;
    return [metadata?.name ?? "", spec?.replicas ?? 0, status?.replicas ?? 0, dateCell(metadata?.creationTimestamp, now)];
  },
};
