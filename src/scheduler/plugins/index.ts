/**
 * The default profile, in the order in which plugins filter: the cheap and decisive first. Upstream's order, so that the
 * first reason for a node is the same.
 */
import type { Plugin } from "../framework.ts";
import { imageLocality } from "./image-locality.ts";
import { interPodAffinity } from "./inter-pod-affinity.ts";
import { nodeAffinity } from "./node-affinity.ts";
import { nodeName, nodePorts, nodeUnschedulable, taintToleration } from "./node-basics.ts";
import { balancedAllocation, nodeResourcesFit } from "./node-resources.ts";
import { podTopologySpread } from "./pod-topology-spread.ts";
import { volumeBinding } from "./volume-binding.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";

export const defaultPlugins: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeRestrictions,
  volumeBinding,
  volumeZone,
  podTopologySpread,
  interPodAffinity,
  balancedAllocation,
  imageLocality,
];
