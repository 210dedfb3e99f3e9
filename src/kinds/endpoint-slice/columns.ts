import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { age } from "../age.ts";
import { nameOf, firstOf } from "../cell-text.ts";

export function endpointSliceCells(slice: EndpointSlice, now: number): unknown[] {
  const ports = (slice.ports ?? []).map((p) => (p.port === undefined ? (p.name ?? "*") : String(p.port)));
  const addresses = (slice.endpoints ?? []).flatMap((e) => e.addresses ?? []);
  return [nameOf(slice), slice.addressType, firstOf(ports, 3) || "<unset>", firstOf(addresses, 3) || "<unset>", age(slice, now)];
}
