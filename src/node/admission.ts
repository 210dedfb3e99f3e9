/** Whether this node takes a pod, or a pod's wish for more: what the scheduler has looked at is looked at again, against the truth. Pure. */
import { compileRequiredNodeAffinity } from "../kinds/pod/node-affinity.ts";
import { podRequestAmounts } from "../kinds/pod/resources.ts";
import { findUntoleratedTaint } from "../kinds/pod/tolerations.ts";
import { resourceAmount } from "../kinds/resource-list.ts";
import type { Node, Pod } from "../schema/types/core-v1.ts";
import { forbiddenSysctl } from "./sysctls.ts";

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

const shortages: Record<string, string> = {
  cpu: "OutOfcpu",
  memory: "OutOfmemory",
  "ephemeral-storage": "OutOfephemeral-storage",
  pods: "OutOfpods",
};

/** `others`: the pods that the node has, without this one. Undefined: it fits. */
export function refusal(pod: Pod, others: readonly Pod[], node: Node): Refusal | undefined {
  const sysctl = forbiddenSysctl(pod, node.status?.nodeInfo?.kernelVersion ?? "");
  if (sysctl !== undefined) return { reason: "SysctlForbidden", message: `forbidden sysctl: ${sysctl}` };
  const os = pod.spec?.os?.name;
  if (os !== undefined && os !== "linux")
    return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
  const short = shortage(pod, others, node);
  if (short !== undefined) return short;
  const affinity = compileRequiredNodeAffinity(pod);
  if (affinity !== undefined && !affinity(node)) return predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  if (portsClash(pod, others)) return predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  const taint = findUntoleratedTaint(node.spec?.taints, pod.spec?.tolerations, ["NoExecute"]);
  return taint === undefined ? undefined : predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate");
}

function predicate(name: string, why: string): Refusal {
  return { reason: name, message: `Predicate ${name} failed: ${why}` };
}

/** What the pod asks for and the node has not left. */
export function shortage(pod: Pod, others: readonly Pod[], node: Node): Refusal | undefined {
  const allocatable = node.status?.allocatable ?? {};
  const wanted: Record<string, number> = { pods: 1, ...podRequestAmounts(pod) };
  const used: Record<string, number> = { pods: others.length };
  for (const other of others) for (const [name, value] of Object.entries(podRequestAmounts(other))) used[name] = (used[name] ?? 0) + value;
  for (const [name, requested] of Object.entries(wanted)) {
    // What the node does not know is somebody else's to count.
    const text = allocatable[name];
    if (text === undefined || requested === 0) continue;
    const capacity = resourceAmount(name, text);
    if (requested > capacity - (used[name] ?? 0)) {
      return {
        reason: shortages[name] ?? `OutOf${name}`,
        message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used[name] ?? 0}, capacity: ${capacity}`,
      };
    }
  }
  return undefined;
}

interface HostPort {
  readonly protocol: string;
  readonly port: number;
  readonly ip: string;
}

function hostPorts(pod: Pod): HostPort[] {
  return (pod.spec?.containers ?? []).flatMap((c) =>
    (c.ports ?? []).flatMap((p) => (p.hostPort ? [{ protocol: p.protocol ?? "TCP", port: p.hostPort, ip: p.hostIP || "0.0.0.0" }] : [])),
  );
}

function portsClash(pod: Pod, others: readonly Pod[]): boolean {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return false;
  const taken = others.flatMap(hostPorts);
  const any = (ip: string): boolean => ip === "0.0.0.0" || ip === "::";
  return wanted.some((w) => taken.some((t) => t.port === w.port && t.protocol === w.protocol && (any(t.ip) || any(w.ip) || t.ip === w.ip)));
}
