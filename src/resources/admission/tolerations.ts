import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Node, Pod } from "../../schema/types/core-v1.ts";
import { isAbout } from "./forbidden.ts";

const notReady = "node.kubernetes.io/not-ready";
const unreachable = "node.kubernetes.io/unreachable";

/** Pods stay some time (five minutes) on a node that is not ready or cannot be reached, unless they say otherwise. */
export function defaultTolerationSeconds(seconds: { readonly notReady: number; readonly unreachable: number }): AdmissionPlugin {
  return {
    name: "DefaultTolerationSeconds",
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && isAbout(a, "", "pods"),
    admit: (attributes) => {
      const { spec } = attributes.object as unknown as Pod;
      if (spec === undefined) return;
      for (const [key, tolerationSeconds] of [
        [notReady, seconds.notReady],
        [unreachable, seconds.unreachable],
      ] as const) {
        const tolerated = spec.tolerations?.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === "NoExecute"));
        if (tolerated !== true)
          spec.tolerations = [...(spec.tolerations ?? []), { key, operator: "Exists", effect: "NoExecute", tolerationSeconds }];
      }
    },
  };
}

/** A new node takes no pods before the node controller has found it ready. */
export function taintNodesByCondition(): AdmissionPlugin {
  return {
    name: "TaintNodesByCondition",
    handles: (a) => a.operation === "CREATE" && isAbout(a, "", "nodes"),
    admit: (attributes) => {
      const node = attributes.object as unknown as Node;
      const spec = (node.spec ??= {});
      if (spec.taints?.some((t) => t.key === notReady && t.effect === "NoSchedule")) return;
      spec.taints = [...(spec.taints ?? []), { key: notReady, effect: "NoSchedule" }];
    },
  };
}
