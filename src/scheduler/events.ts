/** What happens in the cluster that may let a pod fit that did not. */
import type { Node, PersistentVolume, PersistentVolumeClaim } from "../schema/types/core-v1.ts";
import type { PodInfo } from "./pod-info.ts";

export type ClusterEvent =
  | { readonly type: "NodeAdd"; readonly node: Node }
  | { readonly type: "NodeUpdate"; readonly node: Node; readonly old: Node }
  | { readonly type: "NodeDelete"; readonly node: Node }
  | { readonly type: "AssignedPodAdd"; readonly pod: PodInfo }
  | { readonly type: "AssignedPodUpdate"; readonly pod: PodInfo; readonly old: PodInfo }
  | { readonly type: "AssignedPodDelete"; readonly pod: PodInfo }
  | { readonly type: "UnscheduledPodUpdate"; readonly pod: PodInfo }
  | { readonly type: "ClaimChange"; readonly claim: PersistentVolumeClaim }
  | { readonly type: "VolumeChange"; readonly volume: PersistentVolume }
  | { readonly type: "StorageClassChange" }
  | { readonly type: "NamespaceChange" }
  /** Nothing has happened for long: everything is tried again. */
  | { readonly type: "Flush" };
