import type { Namespace } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function namespaceCells(namespace: Namespace, now: number): unknown[] {
  return [nameOf(namespace), namespace.status?.phase ?? "", age(namespace, now)];
}
