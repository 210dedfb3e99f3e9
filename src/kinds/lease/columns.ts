import type { Lease } from "../../schema/types/coordination-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function leaseCells(lease: Lease, now: number): unknown[] {
  return [nameOf(lease), lease.spec?.holderIdentity ?? "", age(lease, now)];
}
