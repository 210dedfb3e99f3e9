import type { ResourceSlice } from "../../schema/types/resource-v1.ts";

/** What features know that are off: mappings to what nodes can allocate, and attributes that are lists. */
export function dropDisabledFields(slice: ResourceSlice): void {
  for (const device of slice.spec?.devices ?? []) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {})) {
      for (const field of ["bools", "ints", "strings", "versions"] as const) delete attribute[field];
    }
  }
}
