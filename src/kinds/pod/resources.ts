/**
 * What a pod asks of a node: the sum over its containers and sidecars, or the highest its init containers need one after
 * the other, whichever is more; what is asked for the pod as a whole (KEP-2837) replaces that; overhead comes on top.
 */
import type { Container, ContainerStatus, Pod, ResourceRequirements } from "../../schema/types/core-v1.ts";
import type { ResourceList } from "../resource-list.ts";
import { addResourceList, maxResourceList, resourceAmount } from "../resource-list.ts";
import { isPodLevelResource } from "../resource-names.ts";
import { isSidecar } from "./containers.ts";

export interface PodResourcesOptions {
  /** Count what a resize in place has already given (`status.containerStatuses[].resources`), not only what is asked. */
  readonly useStatus?: boolean;
  readonly excludeOverhead?: boolean;
  /** Counted for a container that asks for nothing of the resource (the scheduler's scoring). */
  readonly nonMissingContainerRequests?: Readonly<ResourceList>;
}

type Side = "requests" | "limits";

/** The pod's effective requests. */
export function podRequests(pod: Pod, options: PodResourcesOptions = {}): ResourceList {
  const list = aggregateContainers(pod, "requests", options);
  const level = pod.spec?.resources?.requests;
  for (const name in level) if (isPodLevelResource(name)) list[name] = level[name] as string;
  if (options.useStatus === true && level) applyPodLevelStatus(pod, list);
  if (options.excludeOverhead !== true) addResourceList(list, pod.spec?.overhead);
  return list;
}

/** The pod's effective limits. Overhead is added only where there is a limit. */
export function podLimits(pod: Pod, options: PodResourcesOptions = {}): ResourceList {
  const list = aggregateContainers(pod, "limits", options);
  const level = pod.spec?.resources?.limits;
  for (const name in level) if (isPodLevelResource(name)) list[name] = level[name] as string;
  const overhead = pod.spec?.overhead;
  if (options.excludeOverhead !== true && overhead) {
    for (const name in overhead) {
      if (list[name] !== undefined && list[name] !== "0") addResourceList(list, { [name]: overhead[name] as string });
    }
  }
  return list;
}

/** {@link podRequests} as numbers: thousandths of a core for `cpu`, units for the rest. */
export function podRequestAmounts(pod: Pod, options: PodResourcesOptions = {}): Record<string, number> {
  const amounts: Record<string, number> = {};
  const list = podRequests(pod, options);
  for (const name in list) amounts[name] = resourceAmount(name, list[name] as string);
  return amounts;
}

/** Sum and maximum over the containers alone, without pod level and overhead. */
export function aggregateContainers(pod: Pod, side: Side, options: PodResourcesOptions = {}): ResourceList {
  const total: ResourceList = {};
  const spec = pod.spec;
  for (const container of (spec?.containers as Container[] | null | undefined) ?? []) {
    addResourceList(total, containerResources(pod, container, side, options, true));
  }
  const init = spec?.initContainers;
  if (!init?.length) return total;
  const sidecars: ResourceList = {};
  const highest: ResourceList = {};
  for (const container of init) {
    const sidecar = isSidecar(container);
    const own = containerResources(pod, container, side, options, sidecar);
    if (sidecar) {
      addResourceList(total, own);
      addResourceList(sidecars, own);
      maxResourceList(highest, sidecars);
    } else {
      const step: ResourceList = { ...own };
      addResourceList(step, sidecars);
      maxResourceList(highest, step);
    }
  }
  maxResourceList(total, highest);
  return total;
}

function containerResources(
  pod: Pod,
  container: Container,
  side: Side,
  options: PodResourcesOptions,
  resizable: boolean,
): Readonly<ResourceList> | undefined {
  let list: Readonly<ResourceList> | undefined = container.resources?.[side];
  if (options.useStatus === true && resizable) {
    const status = statusOf(pod, container.name);
    if (status?.resources) list = effective(pod, side, list, status.resources, status.allocatedResources);
  }
  const missing = options.nonMissingContainerRequests;
  if (missing && side === "requests") {
    const filled: ResourceList = { ...list };
    for (const name in missing) filled[name] ??= missing[name] as string;
    return filled;
  }
  return list;
}

function statusOf(pod: Pod, name: string): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find((s) => s.name === name) ?? pod.status?.initContainerStatuses?.find((s) => s.name === name);
}

/** During a resize the more of asked, given and allocated counts; what cannot be granted is not counted. */
function effective(
  pod: Pod,
  side: Side,
  asked: Readonly<ResourceList> | undefined,
  given: ResourceRequirements,
  allocated: Readonly<ResourceList> | undefined,
): ResourceList {
  const list: ResourceList = { ...given[side] };
  if (side === "requests") maxResourceList(list, allocated);
  if (!isResizeInfeasible(pod)) maxResourceList(list, asked);
  return list;
}

function applyPodLevelStatus(pod: Pod, list: ResourceList): void {
  const given = pod.status?.resources;
  if (!given) return;
  const counted = effective(pod, "requests", pod.spec?.resources?.requests, given, pod.status?.allocatedResources);
  for (const name in pod.spec?.resources?.requests) if (isPodLevelResource(name)) list[name] = counted[name] ?? "0";
}

/** The node has said that a resize can never fit on it. */
export function isResizeInfeasible(pod: Pod): boolean {
  return pod.status?.conditions?.find((c) => c.type === "PodResizePending")?.reason === "Infeasible";
}
