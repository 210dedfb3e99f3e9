import type { Container, Pod } from "../../schema/types/core-v1.ts";
import { compareQuantities } from "../../core/quantity.ts";
import { addResourceList } from "../resource-list.ts";
import type { ResourceList } from "../resource-list.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** The pod's class as recorded, else as computed. */
export function podQosClass(pod: Pod): QosClass {
  const recorded = pod.status?.qosClass;
  return recorded ? (recorded as QosClass) : computeQosClass(pod);
}

/** What remains of a list when only CPU and memory above zero count. */
function counted(list: Readonly<ResourceList> | undefined): ResourceList {
  const kept: ResourceList = {};
  for (const name of ["cpu", "memory"]) {
    const quantity = list?.[name];
    if (quantity !== undefined && compareQuantities(quantity, "0") > 0) kept[name] = quantity;
  }
  return kept;
}

/** Guaranteed: every container has CPU and memory limits, and asks for exactly that. BestEffort: none asks for anything. */
export function computeQosClass(pod: Pod): QosClass {
  const requests: ResourceList = {};
  const limits: ResourceList = {};
  let guaranteed = true;
  const level = pod.spec?.resources;
  const parts = level
    ? [level]
    : [...((pod.spec?.containers as Container[] | null | undefined) ?? []), ...(pod.spec?.initContainers ?? [])].map((c) => c.resources);
  for (const part of parts) {
    addResourceList(requests, counted(part?.requests));
    const own = counted(part?.limits);
    addResourceList(limits, own);
    // A pod-level list without limits leaves the question to the comparison below.
    if (level && !part?.limits) continue;
    if (own["cpu"] === undefined || own["memory"] === undefined) guaranteed = false;
  }
  const names = Object.keys(requests);
  if (names.length === 0 && Object.keys(limits).length === 0) return "BestEffort";
  guaranteed &&= names.length === Object.keys(limits).length;
  guaranteed &&= names.every((n) => limits[n] !== undefined && compareQuantities(limits[n], requests[n] as string) === 0);
  return guaranteed ? "Guaranteed" : "Burstable";
}
