import type { ResourceClaim } from "../../schema/types/resource-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function resourceClaimCells(claim: ResourceClaim, now: number): unknown[] {
  const { allocation, reservedFor = [] } = claim.status ?? {};
  const words: string[] = [];
  const deleted = claim.metadata?.deletionTimestamp !== undefined;
  if (deleted) words.push("deleted");
  if (allocation !== undefined) words.push("allocated", ...(reservedFor.length > 0 ? ["reserved"] : []));
  else if (!deleted) words.push("pending");
  return [nameOf(claim), words.join(","), age(claim, now)];
}
