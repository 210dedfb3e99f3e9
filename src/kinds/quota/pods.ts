import type { Container, Pod, PodAffinityTerm } from "../../schema/types/core-v1.ts";
import { podQosClass } from "../pod/qos.ts";
import { podLimits, podRequests } from "../pod/resources.ts";
import type { ResourceList } from "../resource-list.ts";
import { isExtendedResource, isHugePages, isNativeResource, isPodLevelResource } from "../resource-names.ts";
import { semanticEqual } from "../semantic-equal.ts";
import type { Amounts } from "./amounts.ts";
import { countName, intersection, type QuotaEvaluator } from "./evaluator.ts";
import { type ScopeSelector, selects } from "./scopes.ts";

const count = countName("", "pods");
const measured = ["cpu", "memory", "ephemeral-storage"];
const names = [count, ...measured, ...measured.map((n) => `requests.${n}`), ...measured.map((n) => `limits.${n}`), "pods"];
/** Once a mistake, now kept: every container must say what it asks of these when they are limited. */
const mustBeSaid = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
const deviceClassPrefix = "deviceclass.resource.kubernetes.io/";

/** `requests.example.com/gpu`: an extended resource as quotas name it. */
export function isQuotaOfExtendedResource(name: string): boolean {
  if (!name.startsWith("requests.")) return false;
  return !isNativeResource(name) || name.startsWith(`requests.${deviceClassPrefix}`);
}

/** Pods that live, and what they ask for; finished ones as objects alone. */
export const podQuota: QuotaEvaluator = {
  group: "",
  resource: "pods",
  handles: ({ operation, subresource, object, oldObject }) => {
    if (subresource === "resize") return operation === "UPDATE";
    if (subresource !== "") return false;
    if (operation !== "UPDATE") return operation === "CREATE";
    return isTerminating(object as unknown as Pod) !== isTerminating(oldObject as unknown as Pod);
  },
  matching: (asked) => [
    ...intersection(asked, names),
    ...asked.filter((n) => isHugePages(n) || n.startsWith("requests.hugepages-")),
    ...asked.filter(isQuotaOfExtendedResource),
  ],
  inScope: (scope, object) => inScope(scope, object as unknown as Pod),
  usage: (object, { now }) => podUsage(object as unknown as Pod, now),
  missing: (limited, object) => missing(limited, object as unknown as Pod),
  frees: (object, old, now) => frees(object as unknown as Pod, old as unknown as Pod, now),
};

export function podUsage(pod: Pod, now: number): Amounts {
  if (!isCharged(pod, now)) return { [count]: "1" };
  // What a resize of the whole pod has given does not count here, as upstream has it.
  const counted = pod.spec?.resources === undefined || pod.status?.resources === undefined ? pod : withoutGivenResources(pod);
  const options = { useStatus: true };
  return { [count]: "1", ...computeUsage(podRequests(counted, options), podLimits(counted, options)) };
}

function withoutGivenResources(pod: Pod): Pod {
  const { resources: _, ...status } = pod.status ?? {};
  return { ...pod, status };
}

function computeUsage(requests: Readonly<ResourceList>, limits: Readonly<ResourceList>): Record<string, string> {
  const usage: Record<string, string> = { pods: "1" };
  for (const name of measured) {
    const request = requests[name];
    const limit = limits[name];
    if (request !== undefined) usage[name] = usage[`requests.${name}`] = request;
    if (limit !== undefined) usage[`limits.${name}`] = limit;
  }
  for (const name in requests) {
    const request = requests[name] as string;
    if (isHugePages(name)) usage[name] = usage[`requests.${name}`] = request;
    if (isExtendedResource(name) || name.startsWith(deviceClassPrefix)) usage[`requests.${name}`] = request;
  }
  return usage;
}

/** Neither finished, nor beyond the grace of its deletion: a lost node must not keep others from starting. */
export function isCharged(pod: Pod, now: number): boolean {
  if (pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + Number(deletionGracePeriodSeconds) * 1000;
}

function isTerminating(pod: Pod | undefined): boolean {
  const seconds = pod?.spec?.activeDeadlineSeconds;
  return seconds !== undefined && Number(seconds) >= 0;
}

function inScope(scope: ScopeSelector, pod: Pod): boolean {
  switch (scope.scopeName) {
    case "Terminating":
      return isTerminating(pod);
    case "NotTerminating":
      return !isTerminating(pod);
    case "BestEffort":
      return podQosClass(pod) === "BestEffort";
    case "NotBestEffort":
      return podQosClass(pod) !== "BestEffort";
    case "PriorityClass": {
      const name = pod.spec?.priorityClassName || undefined;
      return scope.operator === "Exists" ? name !== undefined : selects(scope, name);
    }
    case "CrossNamespacePodAffinity":
      return reachesOtherNamespaces(pod);
    default:
      return false;
  }
}

function reachesOtherNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const reaches = (term: PodAffinityTerm): boolean => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined;
  return [podAffinity, podAntiAffinity].some(
    (affinity) =>
      affinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(reaches) === true ||
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.some((weighted) => reaches(weighted.podAffinityTerm)) === true,
  );
}

function missing(limited: readonly string[], pod: Pod): string | undefined {
  const level = pod.spec?.resources;
  // What is said for the whole pod is enough (KEP-2837).
  if ([...Object.keys(level?.requests ?? {}), ...Object.keys(level?.limits ?? {})].some(isPodLevelResource)) return undefined;
  const required = mustBeSaid.filter((name) => limited.includes(name));
  if (required.length === 0) return undefined;
  const silent = new Map<string, Set<string>>();
  for (const container of [...((pod.spec?.containers as Container[] | undefined) ?? []), ...(pod.spec?.initContainers ?? [])]) {
    const said = computeUsage(container.resources?.requests ?? {}, container.resources?.limits ?? {});
    for (const name of required) {
      if (said[name] !== undefined) continue;
      const containers = silent.get(name);
      if (containers === undefined) silent.set(name, new Set([container.name]));
      else containers.add(container.name);
    }
  }
  if (silent.size === 0) return undefined;
  const parts = [...silent]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, containers]) => `${name} for: ${[...containers].sort().join(",")}`);
  return `must specify ${parts.join("; ")}`;
}

function frees(pod: Pod, old: Pod, now: number): boolean {
  if (isTerminating(pod) !== isTerminating(old)) return true;
  if (isCharged(old, now) && !isCharged(pod, now)) return true;
  const resized = (field: "containerStatuses" | "initContainerStatuses"): boolean =>
    (old.status?.[field] ?? []).some((before) => {
      const after = pod.status?.[field]?.find((s) => s.name === before.name);
      return after !== undefined && !semanticEqual(before.resources, after.resources);
    });
  return resized("containerStatuses") || resized("initContainerStatuses");
}
