/** Where the built-in groups stand in discovery: what `kubectl` prefers when two groups have a resource of the same name. */
import type { GroupVersionPriority } from "../apiserver/discovery/documents.ts";
import { customPriority } from "../apiserver/discovery/documents.ts";

const groups: Readonly<Record<string, number>> = {
  "": 18000,
  "apiregistration.k8s.io": 18000,
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
  "admissionregistration.k8s.io": 16700,
  "apiextensions.k8s.io": 16700,
  "scheduling.k8s.io": 16600,
  "coordination.k8s.io": 16500,
  "node.k8s.io": 16300,
  "discovery.k8s.io": 16200,
  "resource.k8s.io": 16200,
  "flowcontrol.apiserver.k8s.io": 16100,
};

const versions: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "resource.k8s.io/v1": 21,
};

/** The priority that the group version's APIService has. Groups that are not built in get the custom ones' priority. */
export function groupPriority(group: string, version: string): GroupVersionPriority {
  const priority = Object.hasOwn(groups, group) ? groups[group] : undefined;
  if (priority === undefined) return customPriority;
  return { group: priority, version: versions[`${group}/${version}`] ?? 15 };
}
