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

function stateOf(nodes: readonly Node[], rates: ZoneRates): ZoneState {
  const unready = nodes.filter((n) => readiness(n) !== "True").length;
  if (unready > 0 && unready === nodes.length) return "FullDisruption";
  return unready > 2 && unready / nodes.length >= rates.unhealthyThreshold ? "PartialDisruption" : "Normal";
}

export interface ZoneView {
  readonly states: ReadonlyMap<string, ZoneState>;
  /** Nodes a second that may be emptied, by zone. */
  readonly rates: ReadonlyMap<string, number>;
  /** `entered`: all zones have just failed. `left`: the first has just come back. */
  readonly total: "no" | "entered" | "yes" | "left";
}

/** The next view, from the nodes as they are and the states before. Nodes that are excluded from disruption do not count. */
export function viewZones(all: readonly Node[], before: ReadonlyMap<string, ZoneState>, rates: ZoneRates): ZoneView {
  const byZone = new Map<string, Node[]>();
  for (const node of all) {
    if (node.metadata?.labels?.["node.kubernetes.io/exclude-disruption"] !== undefined) continue;
    const zone = zoneOf(node);
    byZone.set(zone, [...(byZone.get(zone) ?? []), node]);
  }
  const states = new Map<string, ZoneState>();
  for (const [zone, nodes] of byZone) states.set(zone, stateOf(nodes, rates));
  const isFull = (s: ZoneState): boolean => s === "FullDisruption";
  const full = states.size > 0 && [...states.values()].every(isFull);
  const was = before.size > 0 && [...before.values()].every(isFull);
  const total = full ? (was ? "yes" : "entered") : was ? "left" : "no";
  const speeds = new Map<string, number>();
  for (const [zone, state] of states) speeds.set(zone, full ? 0 : speedOf(state, byZone.get(zone)?.length ?? 0, rates));
  return { states, rates: speeds, total };
}

function speedOf(state: ZoneState, size: number, rates: ZoneRates): number {
  if (state !== "PartialDisruption") return rates.normal;
  return size > rates.largeCluster ? rates.reduced : 0;
}
