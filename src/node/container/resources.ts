/** Processor and memory: what specs ask, in the kernel's measures; and the cgroups that pods live in. Pure. */
import { podQosClass } from "../../kinds/pod/qos.ts";
import { podLimits, podRequests } from "../../kinds/pod/resources.ts";
import { isSidecar } from "../../kinds/pod/containers.ts";
import { resourceAmount } from "../../kinds/resource-list.ts";
import type { Container, Pod } from "../../schema/types/core-v1.ts";
import type { CgroupLimits } from "../../host/cgroups.ts";
import type { LinuxContainerResources } from "../cri/types.ts";

/** Microseconds: the CFS period. */
export const cpuPeriod = 100_000;
const minimalShares = 2;
const maximalShares = 262144;
const minimalQuota = 1000;

export function milliCpuToShares(milli: number): number {
  if (milli === 0) return minimalShares;
  return Math.min(Math.max(Math.trunc((milli * 1024) / 1000), minimalShares), maximalShares);
}

/** 0: no quota. */
export function milliCpuToQuota(milli: number): number {
  return milli === 0 ? 0 : Math.max(Math.trunc((milli * cpuPeriod) / 1000), minimalQuota);
}

const amount = (list: Record<string, string> | undefined, name: string): number | undefined => {
  const text = list?.[name];
  return text === undefined ? undefined : resourceAmount(name, text);
};

export function containerResources(pod: Pod, container: Container, memoryCapacity: number): LinuxContainerResources {
  const { requests, limits } = container.resources ?? {};
  const level = pod.spec?.resources?.limits;
  const cpuLimit = amount(limits, "cpu") || (amount(level, "cpu") ?? 0);
  const memoryLimit = amount(limits, "memory") || (amount(level, "memory") ?? 0);
  const cpuRequest = amount(requests, "cpu");
  const hugepages = Object.entries(limits ?? {}).filter(([name]) => name.startsWith("hugepages-"));
  return {
    cpuPeriod,
    cpuQuota: milliCpuToQuota(cpuLimit),
    cpuShares: milliCpuToShares(cpuRequest ?? cpuLimit),
    oomScoreAdj: oomScoreAdjustment(pod, container, memoryCapacity),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: Math.trunc(memoryLimit) } : {}),
    ...(hugepages.length === 0
      ? {}
      : { hugepageLimits: hugepages.map(([name, text]) => ({ pageSize: pageSize(name), limit: resourceAmount(name, text) })) }),
  };
}

/** `hugepages-2Mi` → `2MB`, as the kernel's files are named. */
function pageSize(resource: string): string {
  return resource.slice("hugepages-".length).replace(/i$/, "B");
}

const guaranteed = -997;
const bestEffort = 1000;

/** Who the kernel kills first when memory runs out: best-effort pods, then those far above their request. */
export function oomScoreAdjustment(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec?.priority ?? 0) >= 2_000_001_000) return guaranteed;
  const qos = podQosClass(pod);
  if (qos === "Guaranteed") return guaranteed;
  if (qos === "BestEffort") return bestEffort;
  const score = (c: Container): number => 1000 - Math.trunc((1000 * (amount(c.resources?.requests, "memory") ?? 0)) / memoryCapacity);
  let adjustment = score(container);
  // A sidecar goes no sooner than the regular container that asks for the least memory.
  if (isSidecar(container)) adjustment = Math.min(adjustment, Math.max(...(pod.spec?.containers ?? []).map(score)));
  if (adjustment < 1000 + guaranteed) return 1000 + guaranteed;
  return adjustment === bestEffort ? adjustment - 1 : adjustment;
}

export interface CgroupPaths {
  /** `ROOT/kubepods`, and the two classes below it. */
  readonly kubepods: string;
  readonly burstable: string;
  readonly bestEffort: string;
  pod(pod: Pod): string;
}

/** The layout of the cgroupfs driver below the node's own group (`/` for the machine's root). */
export function cgroupPaths(root: string): CgroupPaths {
  const kubepods = `${root === "/" ? "" : root.replace(/\/$/, "")}/kubepods`;
  const burstable = `${kubepods}/burstable`;
  const bestEffortPath = `${kubepods}/besteffort`;
  const parents = { Guaranteed: kubepods, Burstable: burstable, BestEffort: bestEffortPath };
  return { kubepods, burstable, bestEffort: bestEffortPath, pod: (pod) => `${parents[podQosClass(pod)]}/pod${pod.metadata?.uid ?? ""}` };
}

/** Limits of the pod's own group. A limit holds only when every container has one. */
export function podCgroupLimits(pod: Pod): CgroupLimits {
  const requests = podRequests(pod);
  const limits = podLimits(pod);
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const all = (name: string): boolean =>
    pod.spec?.resources?.limits?.[name] !== undefined || containers.every((c) => (amount(c.resources?.limits, name) ?? 0) > 0);
  if (podQosClass(pod) === "BestEffort") return { cpuShares: minimalShares };
  const cpuLimit = amount(limits, "cpu") ?? 0;
  const memoryLimit = amount(limits, "memory") ?? 0;
  return {
    cpuShares: milliCpuToShares(amount(requests, "cpu") ?? 0),
    ...(all("cpu") && cpuLimit > 0 ? { cpuQuota: milliCpuToQuota(cpuLimit) } : {}),
    ...(all("memory") && memoryLimit > 0 ? { memoryLimit: Math.trunc(memoryLimit) } : {}),
  };
}
