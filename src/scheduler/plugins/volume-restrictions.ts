/** A claim with access mode ReadWriteOncePod serves one pod at a time (KEP-2485). */
import type { Plugin, Rejection } from "../framework.ts";
import { claimsOf, type NodeInfo } from "../node-info.ts";

const inUse: Rejection = {
  plugin: "VolumeRestrictions",
  unresolvable: false,
  reasons: ["node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"],
};

export const volumeRestrictions: Plugin = {
  name: "VolumeRestrictions",
  prepareFilter: ({ pod, snapshot }) => {
    const exclusive = claimsOf(pod.pod).filter((claim) => {
      const modes = snapshot.volumes.claim(pod.namespace, claim.slice(pod.namespace.length + 1))?.spec?.accessModes;
      return modes?.includes("ReadWriteOncePod") === true;
    });
    if (exclusive.length === 0) return undefined;
    const uses = (node: NodeInfo): boolean => exclusive.some((claim) => node.claims.has(claim));
    // The pod that has it may be anywhere: with it on one node, every node is out, but only there can it be preempted.
    const holder = snapshot.nodes.find(uses);
    if (holder === undefined) return undefined;
    return { check: (node) => (uses(node) ? inUse : node.name === holder.name ? undefined : { ...inUse, unresolvable: true }) };
  },
  helps: (event, pod) => {
    if (event.type === "AssignedPodDelete") return claimsOf(event.pod.pod).some((claim) => claimsOf(pod.pod).includes(claim));
    return event.type === "ClaimChange" && event.claim.metadata?.namespace === pod.namespace;
  },
};
