import type { CSIDriver } from "../../schema/types/storage-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function csiDriverCells(driver: CSIDriver, now: number): unknown[] {
  const { spec } = driver;
  return [
    nameOf(driver),
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests === undefined ? "<unset>" : spec.tokenRequests.map((t) => t.audience).join(","),
    spec.requiresRepublish ?? false,
    (spec.volumeLifecycleModes ?? []).join(",") || "<none>",
    age(driver, now),
  ];
}
