/**
 * How fast nodes of a zone may be emptied. When many fail at once the fault is more likely ours (the network between us and
 * them), so fewer are emptied; when all of the cluster fail, none is. Pure.
 */
import type { Node } from "../../schema/types/core-v1.ts";
import { readiness } from "./health.ts";

export type ZoneState = "Initial" | "Normal" | "PartialDisruption" | "FullDisruption";

export interface ZoneRates {
  /** Nodes a second in a healthy zone; 0.1. */
  readonly normal: number;
  /** In a partly disrupted zone of more than {@link ZoneRates.largeCluster} nodes; 0.01. Smaller ones are not emptied. */
  readonly reduced: number;
  readonly largeCluster: number;
  /** The share of unready nodes that makes a disruption; 0.55. */
  readonly unhealthyThreshold: number;
}

export const defaultRates: ZoneRates = { normal: 0.1, reduced: 0.01, largeCluster: 50, unhealthyThreshold: 0.55 };

/** `region:\0:zone`, empty when the node has neither label. */
export function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  const region = labels["topology.kubernetes.io/region"] ?? labels["failure-domain.beta.kubernetes.io/region"] ?? "";
  const zone = labels["topology.kubernetes.io/zone"] ?? labels["failure-domain.beta.kubernetes.io/zone"] ?? "";
  return region === "" && zone === "" ? "" : `${region}:\u0000:${zone}`;
}

export interface ZoneCount {
  readonly ready: number;
  readonly unready: number;
}

/** How many nodes of each zone are ready. Kept up to date node by node: large clusters change often. */
export class ZoneCounts {
  readonly #nodes = new Map<string, { zone: string; ready: boolean }>();
  readonly #counts = new Map<string, { ready: number; unready: number }>();

  /** Takes a node in as it is now; undefined: it is gone. */
  note(name: string, node: Node | undefined): void {
    const old = this.#nodes.get(name);
    // A node that is excluded from disruption does not count.
    const counts = node !== undefined && node.metadata?.labels?.["node.kubernetes.io/exclude-disruption"] === undefined;
    const next = counts ? { zone: zoneOf(node), ready: readiness(node) === "True" } : undefined;
    if (old?.zone === next?.zone && old?.ready === next?.ready) return;
    if (old !== undefined) this.#add(old, -1);
    if (next === undefined) this.#nodes.delete(name);
    else {
      this.#nodes.set(name, next);
      this.#add(next, 1);
    }
  }

  #add({ zone, ready }: { zone: string; ready: boolean }, by: number): void {
    const count = this.#counts.get(zone) ?? { ready: 0, unready: 0 };
    if (ready) count.ready += by;
    else count.unready += by;
    if (count.ready + count.unready === 0) this.#counts.delete(zone);
    else this.#counts.set(zone, count);
  }

  get zones(): ReadonlyMap<string, ZoneCount> {
    return this.#counts;
  }
}

function stateOf({ ready, unready }: ZoneCount, rates: ZoneRates): ZoneState {
  if (unready > 0 && ready === 0) return "FullDisruption";
  return unready > 2 && unready / (ready + unready) >= rates.unhealthyThreshold ? "PartialDisruption" : "Normal";
}

export interface ZoneView {
  readonly states: ReadonlyMap<string, ZoneState>;
  /** Nodes a second that may be emptied, by zone. */
  readonly rates: ReadonlyMap<string, number>;
  /** `entered`: all zones have just failed. `left`: the first has just come back. */
  readonly total: "no" | "entered" | "yes" | "left";
}

/** The next view, from the nodes as they are and the states before. */
export function viewZones(zones: ReadonlyMap<string, ZoneCount>, before: ReadonlyMap<string, ZoneState>, rates: ZoneRates): ZoneView {
  const states = new Map<string, ZoneState>();
  for (const [zone, count] of zones) states.set(zone, stateOf(count, rates));
  const isFull = (s: ZoneState): boolean => s === "FullDisruption";
  const full = states.size > 0 && [...states.values()].every(isFull);
  const was = before.size > 0 && [...before.values()].every(isFull);
  const total = full ? (was ? "yes" : "entered") : was ? "left" : "no";
  const speeds = new Map<string, number>();
  for (const [zone, { ready, unready }] of zones)
    speeds.set(zone, full ? 0 : speedOf(states.get(zone) ?? "Normal", ready + unready, rates));
  return { states, rates: speeds, total };
}

function speedOf(state: ZoneState, size: number, rates: ZoneRates): number {
  if (state !== "PartialDisruption") return rates.normal;
  return size > rates.largeCluster ? rates.reduced : 0;
}
