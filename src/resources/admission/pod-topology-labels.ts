import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Binding, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout } from "./forbidden.ts";

const labels = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/** A pod learns its node's zone and region as labels of its own, when it is bound (KEP-4742). */
export function podTopologyLabels(deps: ResourceDeps): AdmissionPlugin {
  const labelsOf = async (node: string): Promise<Record<string, string>> => {
    const found = await deps.objects("", "nodes").get("", node);
    return Object.fromEntries(Object.entries(found?.metadata?.labels ?? {}).filter(([key]) => labels.includes(key)));
  };
  return {
    name: "PodTopologyLabels",
    handles: (a) => a.operation === "CREATE" && (isAbout(a, "", "pods") || isAbout(a, "", "pods", "binding")),
    admit: async ({ object, subresource }) => {
      if (object === undefined) return;
      const target = (object as unknown as Binding).target;
      const node =
        subresource === "binding" ? (target?.kind === "Node" ? target.name : undefined) : (object as unknown as Pod).spec?.nodeName;
      if (!node) return;
      const copied = await labelsOf(node);
      if (Object.keys(copied).length > 0) object.metadata = { ...object.metadata, labels: { ...object.metadata?.labels, ...copied } };
    },
  };
}
