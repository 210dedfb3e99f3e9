import type { ConfigMap } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function configMapCells(map: ConfigMap, now: number): unknown[] {
  return [nameOf(map), Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length, age(map, now)];
}
