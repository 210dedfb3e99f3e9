import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { semanticEqual } from "../../kinds/semantic-equal.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { RuntimeClass } from "../../schema/types/node-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";
import { mergeTolerations } from "./merge-tolerations.ts";

/** A pod takes overhead and scheduling from its runtime class (KEP-585). */
export function runtimeClass(deps: ResourceDeps): AdmissionPlugin {
  const classOf = async (attributes: AdmissionAttributes, pod: Pod): Promise<RuntimeClass | undefined> => {
    const name = pod.spec?.runtimeClassName;
    if (name === undefined) return undefined;
    const found = await deps.objects("node.k8s.io", "runtimeclasses").get("", name);
    if (found === undefined) throw refusal(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found as unknown as RuntimeClass;
  };
  return {
    name: "RuntimeClass",
    handles: (a) => a.operation === "CREATE" && isAbout(a, "", "pods"),
    admit: async (attributes) => {
      const pod = attributes.object as unknown as Pod;
      const found = await classOf(attributes, pod);
      if (found === undefined || pod.spec === undefined) return;
      const overhead = found.overhead?.podFixed;
      if (found.overhead !== undefined) {
        if (Object.keys(pod.spec.overhead ?? {}).length > 0 && !semanticEqual(overhead, pod.spec.overhead))
          throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        pod.spec.overhead = overhead === undefined ? undefined : { ...overhead };
      }
      if (found.scheduling !== undefined) setScheduling(attributes, pod.spec, found.scheduling);
    },
    validate: async (attributes) => {
      const pod = attributes.object as unknown as Pod;
      const found = await classOf(attributes, pod);
      if (found?.overhead !== undefined) {
        if (!semanticEqual(found.overhead.podFixed ?? {}, pod.spec?.overhead ?? {}))
          throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      } else if (pod.spec?.overhead !== undefined)
        throw refusal(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    },
  };
}

function setScheduling(
  attributes: AdmissionAttributes,
  spec: NonNullable<Pod["spec"]>,
  scheduling: NonNullable<RuntimeClass["scheduling"]>,
): void {
  const selector: Record<string, string> = { ...spec.nodeSelector };
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = selector[key];
    if (own !== undefined && own !== value)
      throw refusal(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    selector[key] = value;
  }
  if (Object.keys(selector).length > 0) spec.nodeSelector = selector;
  const tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []);
  if (tolerations.length > 0) spec.tolerations = tolerations;
}
