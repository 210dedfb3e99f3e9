/** Does it fit, and how well: free resources (LeastAllocated) and an even use of them (BalancedAllocation). */
import type { Amounts } from "../amounts.ts";
import { amountsOf } from "../amounts.ts";
import { maxScore, type Plugin, type Rejection } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

const tooManyPods = "Too many pods";

/** Everything fits. Asked for each node of each search: nothing is allocated. */
function fits(request: Amounts, node: NodeInfo): boolean {
  const { allocatable, requested } = node;
  if (node.pods.size >= allocatable.pods) return false;
  if (request.milliCpu > 0 && request.milliCpu > allocatable.milliCpu - requested.milliCpu) return false;
  if (request.memory > 0 && request.memory > allocatable.memory - requested.memory) return false;
  if (request.ephemeralStorage > 0 && request.ephemeralStorage > allocatable.ephemeralStorage - requested.ephemeralStorage) return false;
  return request.scalars === undefined || shortScalars(request.scalars, node).length === 0;
}

function shortScalars(wanted: ReadonlyMap<string, number>, { allocatable, requested }: NodeInfo): string[] {
  const names: string[] = [];
  for (const [name, amount] of wanted) {
    const free = (allocatable.scalars?.get(name) ?? 0) - (requested.scalars?.get(name) ?? 0);
    if (amount > 0 && amount > free) names.push(name);
  }
  return names;
}

/** Names what is short on `node`; undefined when everything fits. */
export function insufficient(request: Amounts, node: NodeInfo): Rejection | undefined {
  if (fits(request, node)) return undefined;
  const { allocatable, requested } = node;
  const reasons: string[] = [];
  let unresolvable = false;
  const short = (reason: string, wanted: number, capacity: number): void => {
    reasons.push(reason);
    if (wanted > capacity) unresolvable = true;
  };
  if (node.pods.size >= allocatable.pods) short(tooManyPods, 0, 0);
  for (const [field, name] of plainResources) {
    if (request[field] > 0 && request[field] > allocatable[field] - requested[field]) {
      short(`Insufficient ${name}`, request[field], allocatable[field]);
    }
  }
  for (const name of request.scalars === undefined ? [] : shortScalars(request.scalars, node)) {
    short(`Insufficient ${name}`, request.scalars?.get(name) ?? 0, allocatable.scalars?.get(name) ?? 0);
  }
  return { plugin: "NodeResourcesFit", unresolvable, reasons };
}

const plainResources = [
  ["milliCpu", "cpu"],
  ["memory", "memory"],
  ["ephemeralStorage", "ephemeral-storage"],
] as const;

export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  weight: 1,
  prepareFilter: ({ pod }) => ({ check: (node) => insufficient(pod.requests, node) }),
  prepareScore: ({ pod }) => ({ score: (node) => leastAllocated(pod.nonZero, node) }),
  helps: (event, pod) => {
    switch (event.type) {
      case "AssignedPodDelete":
        return true;
      case "AssignedPodUpdate":
        return freed(event.old.requests, event.pod.requests);
      case "UnscheduledPodUpdate":
        return event.pod.uid === pod.uid;
      case "NodeAdd":
        return fitsEmpty(pod.requests, amountsOf(event.node.status?.allocatable));
      case "NodeUpdate": {
        const now = amountsOf(event.node.status?.allocatable);
        const before = amountsOf(event.old.status?.allocatable);
        return fitsEmpty(pod.requests, now) && (now.pods > before.pods || freed(now, before));
      }
      default:
        return false;
    }
  },
};

function fitsEmpty(request: Amounts, capacity: Amounts & { pods: number }): boolean {
  if (capacity.pods < 1) return false;
  if (request.milliCpu > capacity.milliCpu || request.memory > capacity.memory) return false;
  if (request.ephemeralStorage > capacity.ephemeralStorage) return false;
  return [...(request.scalars ?? [])].every(([name, wanted]) => wanted <= (capacity.scalars?.get(name) ?? 0));
}

/** Something is less in `after` than in `before`. */
function freed(before: Amounts, after: Amounts): boolean {
  if (before.milliCpu > after.milliCpu || before.memory > after.memory) return true;
  if (before.ephemeralStorage > after.ephemeralStorage) return true;
  return [...(before.scalars ?? [])].some(([name, amount]) => amount > (after.scalars?.get(name) ?? 0));
}

function leastAllocated(request: { milliCpu: number; memory: number }, node: NodeInfo): number {
  const { allocatable, nonZeroRequested } = node;
  let sum = 0;
  let weight = 0;
  if (allocatable.milliCpu > 0) {
    sum += free(nonZeroRequested.milliCpu + request.milliCpu, allocatable.milliCpu);
    weight++;
  }
  if (allocatable.memory > 0) {
    sum += free(nonZeroRequested.memory + request.memory, allocatable.memory);
    weight++;
  }
  return weight === 0 ? 0 : Math.trunc(sum / weight);
}

function free(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxScore) / capacity);
}

export const balancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  prepareScore: ({ pod }) => {
    // Pods that ask for nothing would all go to the node that is balanced best.
    if (pod.requests.milliCpu === 0 && pod.requests.memory === 0) return undefined;
    return {
      score: ({ requested, allocatable }) => {
        const after = balance(requested.milliCpu + pod.requests.milliCpu, requested.memory + pod.requests.memory, allocatable);
        const before = balance(requested.milliCpu, requested.memory, allocatable);
        return maxScore / 2 + Math.trunc((maxScore / 2 + after - before) / 2);
      },
    };
  },
};

/** 100 less the standard deviation between the shares of CPU and memory that are in use. */
function balance(milliCpu: number, memory: number, allocatable: Amounts): number {
  if (allocatable.milliCpu === 0 || allocatable.memory === 0) return maxScore;
  const cpuShare = Math.min(1, milliCpu / allocatable.milliCpu);
  const memoryShare = Math.min(1, memory / allocatable.memory);
  return Math.trunc((1 - Math.abs(cpuShare - memoryShare) / 2) * maxScore);
}
