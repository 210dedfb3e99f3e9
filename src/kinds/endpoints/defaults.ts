import type { Endpoints } from "../../schema/types/core-v1.ts";

/** Fills in the defaults of endpoints, in place. */
export function setEndpointsDefaults(endpoints: Endpoints): void {
  for (const subset of endpoints.subsets ?? []) for (const port of subset.ports ?? []) if (!port.protocol) port.protocol = "TCP";
}
