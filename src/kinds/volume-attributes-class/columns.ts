import type { VolumeAttributesClass } from "../../schema/types/storage-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function volumeAttributesClassCells(attributes: VolumeAttributesClass, now: number): unknown[] {
  return [nameOf(attributes), attributes.driverName, age(attributes, now)];
}
