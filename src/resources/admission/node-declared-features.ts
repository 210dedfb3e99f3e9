/** NodeDeclaredFeatureValidator: a pod is not changed into something that its node does not know (KEP-5328). */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { jsonEqual } from "../../apiserver/json-equal.ts";
import { isSidecar } from "../../kinds/pod/containers.ts";
import { semanticEqual } from "../../kinds/semantic-equal.ts";
import type { Node, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

/** By name: whether an update needs the feature. Those that only matter to scheduling are not here. */
const features: readonly [name: string, needed: (pod: Pod, old: Pod) => boolean][] = [
  ["InPlacePodLevelResourcesVerticalScaling", (pod, old) => !semanticEqual(old.spec?.resources, pod.spec?.resources)],
  [
    "InPlacePodVerticalScalingInitContainers",
    (pod, old) =>
      (old.spec?.initContainers ?? []).some(
        (c, i) => !isSidecar(c) && !jsonEqual(c.resources ?? {}, pod.spec?.initContainers?.[i]?.resources ?? {}),
      ),
  ],
];

export function nodeDeclaredFeatureValidator(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "NodeDeclaredFeatureValidator",
    handles: (a) =>
      a.operation === "UPDATE" &&
      (isAbout(a, "", "pods") || isAbout(a, "", "pods", "resize")) &&
      a.object?.metadata?.generation !== a.oldObject?.metadata?.generation,
    validate: async (attributes) => {
      const pod = attributes.object as unknown as Pod;
      const name = pod.spec?.nodeName ?? "";
      if (name === "") return;
      const needed = features.filter(([, isNeeded]) => isNeeded(pod, attributes.oldObject as unknown as Pod)).map(([feature]) => feature);
      if (needed.length === 0) return;
      const node = (await deps.objects("", "nodes").get("", name)) as unknown as Node | undefined;
      if (node === undefined) throw refusal(attributes, `node ${JSON.stringify(name)} not found`);
      const missing = needed.filter((feature) => node.status?.declaredFeatures?.includes(feature) !== true);
      if (missing.length === 0) return;
      throw refusal(
        attributes,
        `pod update requires features ${missing.join(", ")} which are not available on node ${JSON.stringify(name)}`,
      );
    },
  };
}
