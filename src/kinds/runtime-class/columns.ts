import type { RuntimeClass } from "../../schema/types/node-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function runtimeClassCells(runtime: RuntimeClass, now: number): unknown[] {
  return [nameOf(runtime), runtime.handler, age(runtime, now)];
}
