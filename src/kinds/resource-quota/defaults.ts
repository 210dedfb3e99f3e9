import type { ResourceQuota } from "../../schema/types/core-v1.ts";
import { roundResourceList } from "../resource-list.ts";

/** Rounds the quota's quantities, in place. */
export function setResourceQuotaDefaults(quota: ResourceQuota): void {
  roundResourceList(quota.spec?.hard);
  roundResourceList(quota.status?.hard);
  roundResourceList(quota.status?.used);
}
