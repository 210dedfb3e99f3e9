/** The filters that look at one property of a node: unschedulable, name, taints, host ports. */
import { findUntoleratedTaint, schedulingEffects, toleratesTaint } from "../../kinds/pod/tolerations.ts";
import type { Node, Pod, Taint } from "../../schema/types/core-v1.ts";
import { type Filter, normalizeByMax, type Plugin, type Rejection, type Scorer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

const unschedulableTaint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

const unschedulable: Rejection = { plugin: "NodeUnschedulable", unresolvable: true, reasons: ["node(s) were unschedulable"] };

export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  prepareFilter: ({ pod }) => {
    if (pod.pod.spec?.tolerations?.some((t) => toleratesTaint(t, unschedulableTaint)) === true) return undefined;
    return { check: (node) => (node.unschedulable ? unschedulable : undefined) };
  },
  helps: (event) =>
    (event.type === "NodeAdd" || event.type === "NodeUpdate") && event.node.spec?.unschedulable !== true
      ? event.type === "NodeAdd" || event.old.spec?.unschedulable === true
      : event.type === "UnscheduledPodUpdate",
};

const wrongName: Rejection = { plugin: "NodeName", unresolvable: true, reasons: ["node(s) didn't match the requested node name"] };

export const nodeName: Plugin = {
  name: "NodeName",
  prepareFilter: ({ pod }) => {
    const wanted = pod.pod.spec?.nodeName;
    return wanted ? { check: (node) => (node.name === wanted ? undefined : wrongName) } : undefined;
  },
  helps: (event, pod) => event.type === "NodeAdd" && event.node.metadata?.name === pod.pod.spec?.nodeName,
};

const untolerated: Rejection = { plugin: "TaintToleration", unresolvable: true, reasons: ["node(s) had untolerated taint(s)"] };

const everyNodeAlike: Scorer = { score: () => 100 };

/** Preferred: fewer `PreferNoSchedule` taints that the pod does not bear. */
export const taintToleration: Plugin = {
  name: "TaintToleration",
  weight: 3,
  prepareFilter: ({ pod }) => {
    const tolerations = pod.pod.spec?.tolerations;
    return {
      check: ({ taints }) =>
        taints.length > 0 && findUntoleratedTaint(taints, tolerations, schedulingEffects) !== undefined ? untolerated : undefined,
    };
  },
  prepareScore: ({ pod }, nodes) => {
    if (!nodes.some((node) => node.preferTaints.length > 0)) return everyNodeAlike;
    const tolerations = (pod.pod.spec?.tolerations ?? []).filter((t) => !t.effect || t.effect === "PreferNoSchedule");
    return {
      score: ({ preferTaints }) => preferTaints.filter((taint) => !tolerations.some((t) => toleratesTaint(t, taint))).length,
      normalize: (scores) => normalizeByMax(scores, true),
    };
  },
  helps: (event, pod) => {
    if (event.type === "UnscheduledPodUpdate") return true;
    if (event.type === "NodeAdd") return !keepsAway(pod.pod, event.node);
    return event.type === "NodeUpdate" && keepsAway(pod.pod, event.old) && !keepsAway(pod.pod, event.node);
  },
};

function keepsAway(pod: Pod, node: Node | undefined): boolean {
  const taints = node?.spec?.taints;
  return taints !== undefined && findUntoleratedTaint(taints, pod.spec?.tolerations, schedulingEffects) !== undefined;
}

const portsTaken: Rejection = {
  plugin: "NodePorts",
  unresolvable: false,
  reasons: ["node(s) didn't have free ports for the requested pod ports"],
};

export const nodePorts: Plugin = {
  name: "NodePorts",
  prepareFilter: ({ pod }): Filter | undefined => {
    if (pod.hostPorts.length === 0) return undefined;
    const taken = (node: NodeInfo): boolean => pod.hostPorts.some((port) => node.conflicts(port));
    return { check: (node) => (taken(node) ? portsTaken : undefined) };
  },
  helps: (event, pod) => {
    if (event.type === "NodeAdd") return true;
    if (event.type !== "AssignedPodDelete") return false;
    return event.pod.hostPorts.some((freed) => pod.hostPorts.some((p) => p.port === freed.port && p.protocol === freed.protocol));
  },
};
