/** Defaults that only a pod has, not the template it may come from. */
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from "../../schema/types/core-v1.ts";
import type { ResourceList } from "../resource-list.ts";
import { roundResourceList } from "../resource-list.ts";
import { isHugePages, isOvercommitAllowed, isPodLevelResource } from "../resource-names.ts";
import { aggregateContainers } from "./resources.ts";
import { dropInitContainerAnnotations, setPodSpecDefaults } from "./spec-defaults.ts";

/** Fills in a pod's defaults, in place. */
export function setPodDefaults(pod: Pod): void {
  const spec = (pod.spec ??= { containers: [] });
  for (const container of (spec.containers as Container[] | null | undefined) ?? []) requestLimits(container);
  if (spec.initContainers) for (const container of spec.initContainers) requestLimits(container);
  if (spec.resources) setPodLevelDefaults(pod, spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    for (const container of [...((spec.containers as Container[] | null | undefined) ?? []), ...(spec.initContainers ?? [])]) {
      for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort;
    }
  }
  setPodSpecDefaults(spec);
  // A negative period means at once, which is one second on the wire.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  dropInitContainerAnnotations(pod.metadata);
  if (pod.status) setStatusDefaults(pod.status);
}

/** A limit without a request asks for the limit. */
function requestLimits(container: Container): void {
  const limits = container.resources?.limits;
  if (!limits || !container.resources) return;
  const requests = (container.resources.requests ??= {});
  for (const name in limits) requests[name] ??= limits[name] as string;
}

/** KEP-2837: what containers ask for becomes the pod's request where the pod as a whole has a limit. */
function setPodLevelDefaults(pod: Pod, spec: PodSpec): void {
  const resources = spec.resources;
  if (!resources) return;
  if (hasKeys(resources.limits) || hasKeys(resources.requests)) {
    const limits: ResourceList = resources.limits ?? {};
    const containers = aggregateContainers(pod, "limits");
    for (const name in containers) {
      if (isHugePages(name) && resources.requests?.[name] === undefined) limits[name] ??= containers[name] as string;
    }
    if (hasKeys(limits)) resources.limits = limits;
  }
  if (!hasKeys(resources.limits)) return;
  const requests: ResourceList = resources.requests ?? {};
  const containers = aggregateContainers(pod, "requests");
  for (const name in containers) {
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= containers[name] as string;
  }
  for (const name in resources.limits) if (isPodLevelResource(name)) requests[name] ??= resources.limits[name] as string;
  if (hasKeys(requests)) resources.requests = requests;
}

function hasKeys(list: object | undefined): boolean {
  for (const _ in list) return true;
  return false;
}

function setStatusDefaults(status: PodStatus): void {
  roundStatuses(status.initContainerStatuses);
  roundStatuses(status.containerStatuses);
  roundStatuses(status.ephemeralContainerStatuses);
  roundResourceList(status.allocatedResources);
  roundResourceList(status.resources?.limits);
  roundResourceList(status.resources?.requests);
  // `podIP` is the first of `podIPs`, whichever of the two a client writes.
  if (status.podIP && status.podIPs?.[0]?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  if (status.podIPs?.[0]?.ip) status.podIP = status.podIPs[0].ip;
}

function roundStatuses(statuses: readonly ContainerStatus[] | undefined): void {
  if (!statuses) return;
  for (const status of statuses) {
    roundResourceList(status.allocatedResources);
    roundResourceList(status.resources?.limits);
    roundResourceList(status.resources?.requests);
  }
}
