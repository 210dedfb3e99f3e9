/** The order of groups in discovery, and the APIService each served group and version has. */
import type { APIService } from "../schema/types/apiregistration-v1.ts";

/** Upstream's numbers, by group; versions where they are not 15. Higher comes first. */
const groups: Readonly<Record<string, number>> = {
  "": 18000,
  "apiregistration.k8s.io": 17900,
  apps: 17800,
  "events.k8s.io": 17750,
  "authentication.k8s.io": 17700,
  "authorization.k8s.io": 17600,
  autoscaling: 17500,
  batch: 17400,
  "certificates.k8s.io": 17300,
  "networking.k8s.io": 17200,
  policy: 17100,
  "rbac.authorization.k8s.io": 17000,
  "storage.k8s.io": 16800,
  "apiextensions.k8s.io": 16700,
  "admissionregistration.k8s.io": 16700,
  "scheduling.k8s.io": 16600,
  "coordination.k8s.io": 16500,
  "node.k8s.io": 16300,
  "discovery.k8s.io": 16200,
  "resource.k8s.io": 16200,
  "flowcontrol.apiserver.k8s.io": 16100,
  "internal.apiserver.k8s.io": 16000,
  "storagemigration.k8s.io": 15800,
};

const versions: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "resource.k8s.io/v1": 21,
  "admissionregistration.k8s.io/v1beta1": 12,
  "admissionregistration.k8s.io/v1alpha1": 9,
  "certificates.k8s.io/v1beta1": 9,
  "certificates.k8s.io/v1alpha1": 1,
  "coordination.k8s.io/v1beta1": 13,
  "coordination.k8s.io/v1alpha2": 12,
  "internal.apiserver.k8s.io/v1alpha1": 9,
  "networking.k8s.io/v1beta1": 9,
  "resource.k8s.io/v1beta1": 9,
  "resource.k8s.io/v1alpha3": 1,
  "scheduling.k8s.io/v1alpha2": 2,
  "storage.k8s.io/v1beta1": 9,
  "storagemigration.k8s.io/v1beta1": 9,
};

/** For discovery. Groups that are not built in come last. */
export function groupVersionPriority(group: string, version: string): { group: number; version: number } {
  const known = groups[group];
  if (known === undefined) return { group: 1000, version: 100 };
  return { group: known, version: versions[`${group}/${version}`] ?? 15 };
}

export const automanagedLabel = "kube-aggregator.kubernetes.io/automanaged";

/** The APIService of a group that this server answers itself. Those of custom resources come and go with their definitions. */
export function localApiService(group: string, version: string): APIService {
  const priority = groupVersionPriority(group, version);
  return {
    metadata: { name: `${version}.${group}`, labels: { [automanagedLabel]: isBuiltin(group) ? "onstart" : "true" } },
    spec: { ...(group === "" ? {} : { group }), version, groupPriorityMinimum: priority.group, versionPriority: priority.version },
  };
}

export function isBuiltin(group: string): boolean {
  return group in groups;
}
