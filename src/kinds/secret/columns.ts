import type { Secret } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function secretCells(secret: Secret, now: number): unknown[] {
  return [nameOf(secret), secret.type ?? "", Object.keys(secret.data ?? {}).length, age(secret, now)];
}
