import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { ApiError, notFound } from "../../core/api-error.ts";
import { goJsonObjectError } from "../../kinds/go-json-error.ts";
import { podQosClass } from "../../kinds/pod/qos.ts";
import type { Pod, Toleration } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { PodTolerationConfiguration } from "./configuration/pod-toleration-configuration.ts";
import { isAbout } from "./forbidden.ts";
import { areAllowed, mergeTolerations } from "./merge-tolerations.ts";

const defaultsAnnotation = "scheduler.alpha.kubernetes.io/defaultTolerations";
const whitelistAnnotation = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";
const memoryPressure: Toleration = { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" };

/** Pods get their namespace's tolerations, and may have no others than it allows. Refusals have no status of their own: 500, as upstream. */
export function podTolerationRestriction(deps: ResourceDeps, cluster: PodTolerationConfiguration): AdmissionPlugin {
  /** Undefined: the namespace says nothing. */
  const annotated = async (namespace: string, key: string): Promise<readonly Toleration[] | undefined> => {
    const found = await deps.objects("", "namespaces").get("", namespace);
    if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
    const text = found.metadata?.annotations?.[key];
    return text === undefined ? undefined : text === "" ? [] : parse(text);
  };
  const check = async ({ namespace, object }: AdmissionAttributes): Promise<void> => {
    const tolerations = (object as unknown as Pod).spec?.tolerations ?? [];
    if (tolerations.length === 0) return;
    const own = await annotated(namespace, whitelistAnnotation);
    if (areAllowed(tolerations, own ?? cluster.whitelist)) return;
    const whose = own === undefined ? "cluster" : "namespace";
    const why = `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${whose} whitelist`;
    throw new ApiError(500, "", why);
  };
  return {
    name: "PodTolerationRestriction",
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && isAbout(a, "", "pods"),
    admit: async (attributes) => {
      const pod = attributes.object as unknown as Pod;
      if (pod.spec === undefined) return;
      const create = attributes.operation === "CREATE";
      const extra = create ? [...((await annotated(attributes.namespace, defaultsAnnotation)) ?? cluster.default)] : [];
      if (podQosClass(pod) !== "BestEffort") extra.push(memoryPressure);
      if (extra.length > 0) pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], extra);
      await check(attributes);
    },
    validate: check,
  };
}

function parse(text: string): Toleration[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiError(500, "", goJsonObjectError(text) ?? error.message);
  }
  if (value === null) return [];
  if (Array.isArray(value)) return value as Toleration[];
  const what = typeof value === "boolean" ? "bool" : typeof value;
  throw new ApiError(500, "", `json: cannot unmarshal ${what} into Go value of type []v1.Toleration`);
}
