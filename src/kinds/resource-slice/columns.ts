import type { ResourceSlice } from "../../schema/types/resource-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function resourceSliceCells(slice: ResourceSlice, now: number): unknown[] {
  return [nameOf(slice), slice.spec.nodeName ?? "", slice.spec.driver, slice.spec.pool.name, age(slice, now)];
}
