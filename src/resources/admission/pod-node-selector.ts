import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { ApiError, forbidden, notFound } from "../../core/api-error.ts";
import { labelValue, qualifiedName } from "../../core/names.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { PodNodeSelectorConfiguration } from "./configuration/pod-node-selector-configuration.ts";
import { isAbout } from "./forbidden.ts";

type Labels = Readonly<Record<string, string>>;

const annotation = "scheduler.alpha.kubernetes.io/node-selector";

/** Pods go where their namespace's node selector says, and select nothing that is not allowed to it. */
export function podNodeSelector(deps: ResourceDeps, selectors: PodNodeSelectorConfiguration): AdmissionPlugin {
  const selectorOf = async (namespace: string): Promise<Labels> => {
    const found = await deps.objects("", "namespaces").get("", namespace);
    if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
    return parseSelector(found.metadata?.annotations?.[annotation] ?? selectors.get("clusterDefaultNodeSelector") ?? "");
  };
  const checkConflict = (pod: Pod, required: Labels): void => {
    const own = pod.spec?.nodeSelector ?? {};
    if (Object.keys(required).some((key) => own[key] !== undefined && own[key] !== required[key]))
      throw refused(pod, "pod node label selector conflicts with its namespace node label selector");
  };
  const checkAllowed = (pod: Pod, namespace: string): void => {
    const own = pod.spec?.nodeSelector ?? {};
    const allowed = parseSelector(selectors.get(namespace) ?? "");
    if (Object.keys(allowed).length > 0 && Object.keys(own).some((key) => allowed[key] !== own[key]))
      throw refused(pod, "pod node label selector labels conflict with its namespace whitelist");
  };
  return {
    name: "PodNodeSelector",
    handles: (a) => a.operation === "CREATE" && isAbout(a, "", "pods"),
    admit: async ({ namespace, object }) => {
      const pod = object as unknown as Pod;
      if (pod.spec === undefined) return;
      const required = await selectorOf(namespace);
      checkConflict(pod, required);
      const merged = { ...required, ...pod.spec.nodeSelector };
      if (Object.keys(merged).length > 0) pod.spec.nodeSelector = merged;
      checkAllowed(pod, namespace);
    },
    validate: async ({ namespace, object }) => {
      const pod = object as unknown as Pod;
      checkConflict(pod, await selectorOf(namespace));
      checkAllowed(pod, namespace);
    },
  };
}

function refused(pod: Pod, why: string): ApiError {
  return forbidden({ group: "", resource: "pods" }, pod.metadata?.name ?? "", why);
}

/** `a=b, c=d`. What cannot be read is an error without a status of its own. */
function parseSelector(text: string): Labels {
  const labels: Record<string, string> = {};
  if (text === "") return labels;
  for (const part of text.split(",")) {
    const pair = part.split("=");
    if (pair.length !== 2) throw new ApiError(500, "", `invalid selector: [${pair.join(" ")}]`);
    const [key, value] = pair.map((side) => side.trim()) as [string, string];
    const keyFaults = qualifiedName(key);
    if (keyFaults.length > 0) throw new ApiError(500, "", `<nil>: Invalid value: ${JSON.stringify(key)}: ${keyFaults.join("; ")}`);
    const valueFaults = labelValue(value);
    if (valueFaults.length > 0) throw new ApiError(500, "", `[${key}]: Invalid value: ${JSON.stringify(value)}: ${valueFaults.join("; ")}`);
    labels[key] = value;
  }
  return labels;
}
