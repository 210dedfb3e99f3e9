/**
 * What a plugin is. For one pod it prepares a filter and a scorer, closures over what it worked out; undefined means that
 * the pod gives it nothing to do. Everything is pure: a plugin reads the snapshot and changes only what it made itself.
 */
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { ClusterEvent } from "./events.ts";
import type { Snapshot } from "./snapshot.ts";

/** Why a node, or every node, will not do. */
export interface Rejection {
  readonly plugin: string;
  /** Removing pods from the node cannot help (upstream's UnschedulableAndUnresolvable). */
  readonly unresolvable: boolean;
  readonly reasons: readonly string[];
}

export interface Cycle {
  readonly pod: PodInfo;
  readonly snapshot: Snapshot;
}

export interface Filter {
  /** Undefined: the node will do. */
  check(node: NodeInfo): Rejection | undefined;
  /** Only these nodes need to be looked at. */
  readonly only?: ReadonlySet<string> | undefined;
  /**
   * Present where the verdict depends on pods of other nodes: a copy that can be told of pods that come and go (nominated
   * pods, victims).
   */
  fork?(): Filter;
  add?(pod: PodInfo, node: NodeInfo): void;
  remove?(pod: PodInfo, node: NodeInfo): void;
}

export interface Scorer {
  /** Higher is better; 0 to 100 unless `normalize` brings it there. */
  score(node: NodeInfo): number;
  /** In place, over all nodes that were scored. */
  normalize?(scores: Float64Array, nodes: readonly NodeInfo[]): void;
}

export interface Plugin {
  readonly name: string;
  /** Of its score; 0 or absent for plugins that only filter. */
  readonly weight?: number;
  prepareFilter?(cycle: Cycle): Filter | Rejection | undefined;
  prepareScore?(cycle: Cycle, nodes: readonly NodeInfo[]): Scorer | undefined;
  /** Whether `event` may make `pod`, which this plugin has rejected, schedulable (KEP-4247). */
  helps?(event: ClusterEvent, pod: PodInfo): boolean;
}

export function isRejection(value: object): value is Rejection {
  return "reasons" in value;
}

export const maxScore = 100;

/** Scales the highest score to 100, and turns the order round when `reverse`. */
export function normalizeByMax(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.trunc((maxScore * (scores[i] as number)) / max);
    scores[i] = reverse ? maxScore - scaled : scaled;
  }
}
