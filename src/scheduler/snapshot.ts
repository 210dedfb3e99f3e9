/** What a scheduling cycle looks at. The cache is one, and so is what tests make from plain objects. */
import type { PersistentVolume, PersistentVolumeClaim } from "../schema/types/core-v1.ts";
import type { StorageClass } from "../schema/types/storage-v1.ts";
import type { NodeInfo } from "./node-info.ts";
import type { ChangeLog } from "./change-log.ts";
import type { PodInfo, Selector } from "./pod-info.ts";

export interface Snapshot {
  /** Nodes in the order of search: zones take turns. */
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  readonly nodesWithAffinityPods: ReadonlySet<NodeInfo>;
  readonly nodesWithRequiredAntiAffinityPods: ReadonlySet<NodeInfo>;
  /** Pods of at least some priority that wait for room on this node. */
  nominated(node: string): readonly PodInfo[];
  /** How many nodes have this image. */
  nodesWithImage(name: string): number;
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  /** Selects the pods of the services and controllers that `pod` belongs to; undefined when it belongs to none. */
  defaultSpreadSelector(pod: PodInfo): Selector | undefined;
  readonly volumes: VolumeView;
  readonly changes: ChangeLog;
}

export interface VolumeView {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  allVolumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
}
