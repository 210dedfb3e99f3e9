import type { Pod } from "../../schema/types/core-v1.ts";

/** Pods can be selected by these fields beside name and namespace. `status.podIPs` is known and matches nothing, as upstream. */
export const podSelectableFieldNames: readonly string[] = [
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.serviceAccountName",
  "spec.hostNetwork",
  "status.phase",
  "status.podIP",
  "status.podIPs",
  "status.nominatedNodeName",
];

export function podSelectableFields(pod: Pod): Record<string, string> {
  const { spec, status } = pod;
  return {
    "spec.nodeName": spec?.nodeName ?? "",
    "spec.restartPolicy": spec?.restartPolicy ?? "",
    "spec.schedulerName": spec?.schedulerName ?? "",
    "spec.serviceAccountName": spec?.serviceAccountName ?? "",
    "spec.hostNetwork": spec?.hostNetwork === true ? "true" : "false",
    "status.phase": status?.phase ?? "",
    "status.podIP": status?.podIPs?.[0]?.ip ?? "",
    "status.nominatedNodeName": status?.nominatedNodeName ?? "",
  };
}
