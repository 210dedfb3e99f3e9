import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { Kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { countGeneration, startGeneration } from "../update-rules.ts";

export const endpointSliceWrites: Pick<Kind<EndpointSlice>, "prepareForCreate" | "prepareForUpdate"> = {
  prepareForCreate(slice): void {
    startGeneration(slice);
    for (const endpoint of slice.endpoints ?? []) delete endpoint.deprecatedTopology;
  },
  prepareForUpdate(slice, old): void {
    const same =
      slice.addressType === old.addressType &&
      semanticEqual(slice.endpoints, old.endpoints) &&
      semanticEqual(slice.ports, old.ports) &&
      semanticEqual(slice.metadata?.labels ?? {}, old.metadata?.labels ?? {});
    countGeneration(slice, old, !same);
    if (semanticEqual(slice.endpoints, old.endpoints)) return;
    for (const endpoint of slice.endpoints ?? []) delete endpoint.deprecatedTopology;
  },
};
