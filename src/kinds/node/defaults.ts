import type { Node } from "../../schema/types/core-v1.ts";
import { roundResourceList } from "../resource-list.ts";

/** Fills in a node's defaults, in place: what it can give is what it has, unless it says otherwise. */
export function setNodeDefaults(node: Node): void {
  const status = node.status;
  if (status) {
    if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity };
    roundResourceList(status.capacity);
    roundResourceList(status.allocatable);
  }
  const spec = node.spec;
  if (!spec) return;
  // `podCIDR` is the first of `podCIDRs`, whichever of the two a client writes.
  if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  if (spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
}
