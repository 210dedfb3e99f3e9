/** Node selectors and node affinity: required ones filter, preferred ones score by the sum of their weights. */
import { compilePreferredNodeAffinity, compileRequiredNodeAffinity, pinnedNodeNames } from "../../kinds/pod/node-affinity.ts";
import { normalizeByMax, type Plugin, type Rejection } from "../framework.ts";

const noMatch: Rejection = {
  plugin: "NodeAffinity",
  unresolvable: true,
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
};
const conflict: Rejection = { plugin: "NodeAffinity", unresolvable: true, reasons: ["pod affinity terms conflict"] };

export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  prepareFilter: ({ pod }) => {
    const matches = compileRequiredNodeAffinity(pod.pod);
    if (matches === undefined) return undefined;
    const only = pinnedNodeNames(pod.pod);
    if (only?.size === 0) return conflict;
    return { only, check: (node) => (node.node !== undefined && matches(node.node) ? undefined : noMatch) };
  },
  prepareScore: ({ pod }) => {
    const preference = compilePreferredNodeAffinity(pod.pod);
    if (preference === undefined) return undefined;
    return {
      score: (node) => (node.node === undefined ? 0 : preference(node.node)),
      normalize: (scores) => normalizeByMax(scores, false),
    };
  },
  helps: (event, pod) => {
    // What a pod asks of its node changes only while it is gated.
    if (event.type !== "NodeAdd" && event.type !== "NodeUpdate") return false;
    const matches = compileRequiredNodeAffinity(pod.pod);
    if (matches === undefined || !matches(event.node)) return false;
    return event.type === "NodeAdd" || !matches(event.old);
  },
};
