import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { ApiError } from "../../core/api-error.ts";
import { podRequests } from "../../kinds/pod/resources.ts";
import { quantityMilliValue, quantityValue } from "../../core/quantity.ts";
import type { Node, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

/** A resize must be possible on the pod's node: Linux, and no more than the node has (KEP-1287). */
export function podResizeValidator(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "PodResizeValidator",
    handles: (a) => a.operation === "UPDATE" && isAbout(a, "", "pods", "resize"),
    validate: async (attributes) => {
      const pod = attributes.object as unknown as Pod;
      const nodeName = pod.spec?.nodeName ?? "";
      if (nodeName === "" || pod.metadata?.generation === attributes.oldObject?.metadata?.generation) return;
      const node = (await deps.objects("", "nodes").get("", nodeName)) as unknown as Node | undefined;
      if (node === undefined) throw refusal(attributes, `node ${JSON.stringify(nodeName)} not found`);
      const os = node.metadata?.labels?.["kubernetes.io/os"];
      if (os !== undefined && os !== "linux")
        throw withCause(
          attributes,
          `pod resize is only supported on linux nodes, node ${JSON.stringify(nodeName)} is ${JSON.stringify(os)}`,
          "UnsupportedPlatform",
        );
      const fault = capacityFault(pod, node);
      if (fault !== undefined) throw withCause(attributes, fault, "NodeCapacity");
    },
  };
}

function withCause(attributes: AdmissionAttributes, why: string, reason: string): ApiError {
  const error = refusal(attributes, why);
  return new ApiError(error.code, error.reason, error.message, { ...error.details, causes: [{ reason }] });
}

function capacityFault(pod: Pod, node: Node): string | undefined {
  const requests = podRequests(pod);
  const faults: string[] = [];
  const check = (resource: "cpu" | "memory", measure: (quantity: string) => number): void => {
    const wanted = measure(requests[resource] ?? "0");
    const allocatable = measure(node.status?.allocatable?.[resource] ?? "0");
    if (wanted > allocatable) faults.push(`${resource}, requested: ${wanted}, allocatable: ${allocatable}`);
  };
  check("cpu", quantityMilliValue);
  check("memory", quantityValue);
  return faults.length === 0 ? undefined : `node didn't have enough allocatable resources: ${faults.join("; ")}`;
}
