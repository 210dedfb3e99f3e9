import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";

/** Fills in an endpoint slice's defaults, in place. */
export function setEndpointSliceDefaults(slice: EndpointSlice): void {
  for (const port of slice.ports ?? []) {
    port.name ??= "";
    port.protocol ??= "TCP";
  }
}
