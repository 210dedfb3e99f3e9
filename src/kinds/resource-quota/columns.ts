import type { ResourceQuota } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function resourceQuotaCells(quota: ResourceQuota, now: number): unknown[] {
  const { hard = {}, used = {} } = quota.status ?? {};
  const requests: string[] = [];
  const limits: string[] = [];
  for (const name of Object.keys(hard).sort()) {
    (name.startsWith("limits.") ? limits : requests).push(`${name}: ${used[name] ?? "0"}/${hard[name] ?? "0"}`);
  }
  return [nameOf(quota), requests.join(", "), limits.join(", "), age(quota, now)];
}
