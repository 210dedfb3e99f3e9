/** LimitPodHardAntiAffinityTopology, ExtendedResourceToleration: small rules about where pods may be. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { forbidden } from "../../core/api-error.ts";
import { isExtendedResource } from "../../kinds/resource-names.ts";
import type { Container, Pod, Toleration } from "../../schema/types/core-v1.ts";
import { isAbout } from "./forbidden.ts";

const hostname = "kubernetes.io/hostname";

/** No pod may keep others off more than a node. */
export function limitPodHardAntiAffinityTopology(): AdmissionPlugin {
  return {
    name: "LimitPodHardAntiAffinityTopology",
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && isAbout(a, "", "pods"),
    validate: ({ object }) => {
      const pod = object as unknown as Pod;
      const terms = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
      const bad = terms.find((term) => term.topologyKey !== hostname);
      if (bad === undefined) return;
      const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${bad.topologyKey} but only key ${hostname} is allowed`;
      throw forbidden({ group: "", resource: "pods" }, pod.metadata?.name ?? "", why);
    },
  };
}

/** Nodes with devices are tainted with their names: who asks for the device goes there. */
export function extendedResourceToleration(): AdmissionPlugin {
  return {
    name: "ExtendedResourceToleration",
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && isAbout(a, "", "pods"),
    admit: ({ object }) => {
      const { spec } = object as unknown as Pod;
      if (spec === undefined) return;
      const containers = [...((spec.containers as Container[] | undefined) ?? []), ...(spec.initContainers ?? [])];
      const names = new Set(containers.flatMap((c) => Object.keys(c.resources?.requests ?? {})).filter(isExtendedResource));
      for (const key of [...names].sort()) addToleration(spec, { key, operator: "Exists", effect: "NoSchedule" });
    },
  };
}

/** In place of one that is the same but for its seconds. */
function addToleration(spec: NonNullable<Pod["spec"]>, toleration: Toleration): void {
  const same = (t: Toleration): boolean =>
    t.key === toleration.key && t.effect === toleration.effect && t.operator === toleration.operator && !t.value;
  const tolerations = spec.tolerations ?? [];
  if (tolerations.some((t) => same(t) && t.tolerationSeconds === undefined)) return;
  spec.tolerations = tolerations.some(same) ? tolerations.map((t) => (same(t) ? toleration : t)) : [...tolerations, toleration];
}
