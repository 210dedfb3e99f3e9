/** Amounts of resources as numbers: what pods ask for and nodes have. */
import { resourceAmount } from "../kinds/resource-list.ts";
import { podRequests } from "../kinds/pod/resources.ts";
import type { Pod } from "../schema/types/core-v1.ts";

/** CPU in thousandths of a core, the rest in units (bytes, pieces). */
export interface Amounts {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages. */
  scalars: Map<string, number> | undefined;
}

/** What a container counts for in scoring when it asks for nothing: 0.1 core and 200 MB, as upstream. */
const assumed = { cpu: "100m", memory: "209715200" };

export function noAmounts(): Amounts {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, scalars: undefined };
}

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts & { pods: number } {
  const amounts = { ...noAmounts(), pods: 0 };
  for (const name in list) {
    const amount = resourceAmount(name, list[name] as string);
    if (name === "cpu") amounts.milliCpu = amount;
    else if (name === "memory") amounts.memory = amount;
    else if (name === "ephemeral-storage") amounts.ephemeralStorage = amount;
    else if (name === "pods") amounts.pods = amount;
    else (amounts.scalars ??= new Map()).set(name, amount);
  }
  return amounts;
}

/** What the pod takes from a node. What a resize in place has already given counts too. */
export function requestedBy(pod: Pod): Amounts {
  return amountsOf(podRequests(pod, { useStatus: true }) as Record<string, string>);
}

/** CPU and memory as scoring counts them. */
export function nonZeroRequestedBy(pod: Pod): { milliCpu: number; memory: number } {
  const { milliCpu, memory } = amountsOf(
    podRequests(pod, { useStatus: true, nonMissingContainerRequests: assumed }) as Record<string, string>,
  );
  return { milliCpu, memory };
}

export function isNothing(amounts: Amounts): boolean {
  return amounts.milliCpu === 0 && amounts.memory === 0 && amounts.ephemeralStorage === 0 && amounts.scalars === undefined;
}

/** Adds `times` (1 or -1) of `more` in place. */
export function addAmounts(to: Amounts, more: Amounts, times: 1 | -1): void {
  to.milliCpu += times * more.milliCpu;
  to.memory += times * more.memory;
  to.ephemeralStorage += times * more.ephemeralStorage;
  if (more.scalars === undefined) return;
  const scalars = (to.scalars ??= new Map());
  for (const [name, amount] of more.scalars) scalars.set(name, (scalars.get(name) ?? 0) + times * amount);
}
