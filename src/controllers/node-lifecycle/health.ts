/** What the silence of a node means. Pure. */
import { formatTime } from "../../core/clock.ts";
import type { Node, NodeCondition, Taint } from "../../schema/types/core-v1.ts";

export interface GracePeriods {
  /** Milliseconds without a sign of life until a node counts as unknown. */
  readonly monitor: number;
  /** The same for a node that has never reported. */
  readonly startup: number;
}

export function conditionOf(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((c) => c.type === type);
}

/** The status of Ready; undefined when the node never reported. */
export function readiness(node: Node): string | undefined {
  return conditionOf(node, "Ready")?.status;
}

/** When the node becomes unknown unless it is heard of; `lastSeen` and the answer are milliseconds since the epoch. */
export function silentAt(node: Node, lastSeen: number, grace: GracePeriods): number {
  return lastSeen + (readiness(node) === undefined ? grace.startup : grace.monitor);
}

const watched = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** The conditions of a node that has fallen silent; undefined when they say so already. */
export function silentConditions(node: Node, now: number): NodeCondition[] | undefined {
  const present = node.status?.conditions ?? [];
  const time = formatTime(now);
  let changed = false;
  const next = present.map((c) => {
    if (!watched.includes(c.type) || c.status === "Unknown") return c;
    changed = true;
    return {
      ...c,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: time,
    };
  });
  for (const type of watched) {
    if (present.some((c) => c.type === type)) continue;
    changed = true;
    next.push({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastTransitionTime: time,
      ...(node.metadata?.creationTimestamp === undefined ? {} : { lastHeartbeatTime: node.metadata.creationTimestamp }),
    });
  }
  return changed ? next : undefined;
}

export const notReadyTaint = "node.kubernetes.io/not-ready";
export const unreachableTaint = "node.kubernetes.io/unreachable";
const unschedulableTaint = "node.kubernetes.io/unschedulable";

/** Condition and status → the taint that keeps pods from being scheduled. */
const scheduleTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyTaint, Unknown: unreachableTaint },
  MemoryPressure: { True: "node.kubernetes.io/memory-pressure" },
  DiskPressure: { True: "node.kubernetes.io/disk-pressure" },
  NetworkUnavailable: { True: "node.kubernetes.io/network-unavailable" },
  PIDPressure: { True: "node.kubernetes.io/pid-pressure" },
};
const managedKeys = new Set([unschedulableTaint, ...Object.values(scheduleTaints).flatMap((byStatus) => Object.values(byStatus))]);

/** The taints of a node with those of effect NoSchedule as its conditions want them; undefined when they are so. */
export function scheduleTaintsOf(node: Node, now: number): Taint[] | undefined {
  const wanted = new Set<string>();
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = scheduleTaints[type]?.[status];
    if (key !== undefined) wanted.add(key);
  }
  if (node.spec?.unschedulable === true) wanted.add(unschedulableTaint);
  const present = node.spec?.taints ?? [];
  const isManaged = (t: Taint): boolean => t.effect === "NoSchedule" && managedKeys.has(t.key);
  const kept = present.filter((t) => !isManaged(t) || wanted.delete(t.key));
  if (kept.length === present.length && wanted.size === 0) return undefined;
  return [...kept, ...[...wanted].map((key) => ({ key, effect: "NoSchedule", timeAdded: formatTime(now) }))];
}

/** The taints with `key` (or neither) of the two NoExecute taints of unready nodes; undefined when they are so. */
export function executeTaintsOf(node: Node, key: string | undefined, now: number): Taint[] | undefined {
  const present = node.spec?.taints ?? [];
  const isOurs = (t: Taint): boolean => t.effect === "NoExecute" && (t.key === notReadyTaint || t.key === unreachableTaint);
  const has = present.some((t) => isOurs(t) && t.key === key);
  const kept = present.filter((t) => !isOurs(t) || t.key === key);
  if (kept.length === present.length && (has || key === undefined)) return undefined;
  return has || key === undefined ? kept : [...kept, { key, effect: "NoExecute", timeAdded: formatTime(now) }];
}

/** Which of the two a node's readiness asks for; undefined: none. */
export function executeTaintKey(ready: string | undefined): string | undefined {
  if (ready === "False") return notReadyTaint;
  return ready === "Unknown" ? unreachableTaint : undefined;
}

/** Labels of old names that are missing or wrong. */
export function missingLabels(node: Node): Record<string, string> | undefined {
  const labels = node.metadata?.labels;
  if (labels === undefined) return undefined;
  const missing: Record<string, string> = {};
  for (const [primary, secondary] of [
    ["kubernetes.io/os", "beta.kubernetes.io/os"],
    ["kubernetes.io/arch", "beta.kubernetes.io/arch"],
  ] as const) {
    const value = labels[primary];
    if (value !== undefined && labels[secondary] !== value) missing[secondary] = value;
  }
  return Object.keys(missing).length === 0 ? undefined : missing;
}
