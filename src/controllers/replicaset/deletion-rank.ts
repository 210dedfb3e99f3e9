/** Which pods go first when there are too many: upstream's ranking, pod deletion cost (KEP-2255) included. */
import type { Pod } from "../../schema/types/core-v1.ts";
import { isPodReady, readyCondition } from "../pod-state.ts";

const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
const phaseOrder: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** The annotation's int32, or 0 when absent or malformed (`+1`, `01`). */
export function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[deletionCostAnnotation];
  if (text === undefined || !/^(0|-?[0-9]+)$/.test(text) || /^0\d/.test(text)) return 0;
  const value = Number(text);
  return value >= -0x80000000 && value <= 0x7fffffff ? value : 0;
}

/** Largest restart counts: of regular containers, and of sidecars (restartable init containers). */
function restarts(pod: Pod): [number, number] {
  let regular = 0;
  for (const c of pod.status?.containerStatuses ?? []) regular = Math.max(regular, c.restartCount);
  let sidecar = 0;
  const sidecars = new Set(pod.spec?.initContainers?.filter((c) => c.restartPolicy === "Always").map((c) => c.name));
  if (sidecars.size > 0) {
    for (const c of pod.status?.initContainerStatuses ?? []) if (sidecars.has(c.name)) sidecar = Math.max(sidecar, c.restartCount);
  }
  return [regular, sidecar];
}

/** The age in powers of two of a nanosecond: pods of about the same age are alike, and chance (the uid) decides. */
function ageRank(time: number, now: number): number {
  const age = now - time;
  return age > 0 ? Math.floor(Math.log2(age * 1e6)) : -1;
}

/** Younger first, by {@link ageRank}; `undefined` times come first. */
function compareAge(a: Pod, b: Pod, timeA: number | undefined, timeB: number | undefined, now: number): number {
  if (timeA === undefined || timeB === undefined) return timeA === undefined ? -1 : 1;
  const difference = ageRank(timeA, now) - ageRank(timeB, now);
  if (difference !== 0) return difference;
  return (a.metadata?.uid ?? "") < (b.metadata?.uid ?? "") ? -1 : 1;
}

const timeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

/**
 * Sorts by: unassigned < assigned, pending < unknown < running, not ready < ready, lower deletion cost, more siblings on
 * the same node, ready for a shorter time, more restarts, younger. `siblings` counts active pods of the same owner's
 * sets by node name; `now` is in milliseconds.
 */
export function compareForDeletion(a: Pod, b: Pod, siblings: ReadonlyMap<string, number>, now: number): number {
  const nodeA = a.spec?.nodeName ?? "";
  const nodeB = b.spec?.nodeName ?? "";
  if (nodeA !== nodeB && (nodeA === "" || nodeB === "")) return nodeA === "" ? -1 : 1;
  const phaseA = phaseOrder[a.status?.phase ?? ""] ?? 0;
  const phaseB = phaseOrder[b.status?.phase ?? ""] ?? 0;
  if (phaseA !== phaseB) return phaseA - phaseB;
  const readyA = isPodReady(a);
  if (readyA !== isPodReady(b)) return readyA ? 1 : -1;
  const cost = deletionCost(a) - deletionCost(b);
  if (cost !== 0) return cost;
  const crowd = (siblings.get(nodeB) ?? 0) - (siblings.get(nodeA) ?? 0);
  if (crowd !== 0) return crowd;
  if (readyA) {
    const sinceA = timeOf(readyCondition(a)?.lastTransitionTime);
    const sinceB = timeOf(readyCondition(b)?.lastTransitionTime);
    if (sinceA !== sinceB) return compareAge(a, b, sinceA, sinceB, now);
  }
  const [regularA, sidecarA] = restarts(a);
  const [regularB, sidecarB] = restarts(b);
  if (regularA !== regularB) return regularB - regularA;
  if (sidecarA !== sidecarB) return sidecarB - sidecarA;
  const bornA = timeOf(a.metadata?.creationTimestamp);
  const bornB = timeOf(b.metadata?.creationTimestamp);
  return bornA === bornB ? 0 : compareAge(a, b, bornA, bornB, now);
}
