/** From informers to cache and queue: which pods are whose business, and what each change may help. */
import type { InformerFactory } from "../client/informer.ts";
import {
  namespaces,
  type Node,
  nodes,
  type PersistentVolume,
  persistentvolumeclaims,
  persistentvolumes,
  type Pod,
  pods,
} from "../schema/types/core-v1.ts";
import { storageclasses } from "../schema/types/storage-v1.ts";
import type { SchedulerCache } from "./cache.ts";
import { PodInfo } from "./pod-info.ts";
import type { SchedulingQueue } from "./queue.ts";
import type { VolumeView } from "./snapshot.ts";

export function volumeView(informers: InformerFactory): VolumeView {
  const claims = informers.informer(persistentvolumeclaims).lister;
  const volumes = informers.informer(persistentvolumes);
  const classes = informers.informer(storageclasses).lister;
  let all: PersistentVolume[] | undefined;
  const forget = (): void => void (all = undefined);
  volumes.addHandlers({ onAdd: forget, onUpdate: forget, onDelete: forget });
  return {
    claim: (namespace, name) => claims.get(namespace, name),
    volume: (name) => volumes.lister.get("", name),
    allVolumes: () => (all ??= volumes.lister.list()),
    storageClass: (name) => classes.get("", name),
  };
}

/** Wires everything. `owns`: pods with this scheduler's name. */
export function follow(informers: InformerFactory, cache: SchedulerCache, queue: SchedulingQueue, owns: (pod: Pod) => boolean): void {
  followNodes(informers, cache, queue);
  followPods(informers, cache, queue, owns);
  followTheRest(informers, queue);
}

function followNodes(informers: InformerFactory, cache: SchedulerCache, queue: SchedulingQueue): void {
  informers.informer(nodes).addHandlers({
    onAdd: (node) => {
      cache.setNode(node);
      queue.notify({ type: "NodeAdd", node });
    },
    onUpdate: (node, old) => {
      // Heartbeats change conditions only, which decide nothing here: taints do.
      if (!changesScheduling(old, node)) return;
      cache.setNode(node);
      queue.notify({ type: "NodeUpdate", node, old });
    },
    onDelete: (node) => {
      cache.removeNode(node.metadata?.name ?? "");
      queue.notify({ type: "NodeDelete", node });
    },
  });
}

function changesScheduling(old: Node, node: Node): boolean {
  const parts = (n: Node): string => JSON.stringify([n.spec, n.metadata?.labels, n.status?.allocatable, n.status?.images]);
  return parts(old) !== parts(node);
}

function followPods(informers: InformerFactory, cache: SchedulerCache, queue: SchedulingQueue, owns: (pod: Pod) => boolean): void {
  const placed = (pod: Pod): boolean => !!pod.spec?.nodeName && !isOver(pod);
  const waits = (pod: Pod): boolean => !pod.spec?.nodeName && !isOver(pod) && owns(pod);
  const leave = (pod: Pod): void => {
    const uid = pod.metadata?.uid ?? "";
    const gone = cache.removePod(uid);
    if (gone !== undefined) queue.notify({ type: "AssignedPodDelete", pod: gone });
    queue.delete(uid);
    cache.unnominate(uid);
  };
  const enter = (pod: Pod): void => {
    if (placed(pod)) {
      const { pod: info, old, assumed } = cache.setPod(pod);
      queue.delete(info.uid);
      cache.unnominate(info.uid);
      if (old === undefined || assumed) queue.notify({ type: "AssignedPodAdd", pod: info });
      else if (!info.countsAs(old)) queue.notify({ type: "AssignedPodUpdate", pod: info, old });
    } else if (waits(pod)) {
      const info = new PodInfo(pod);
      // An assumed pod's update from before its binding must not bring it back.
      if (cache.isAssumed(info.uid)) return;
      const nominated = pod.status?.nominatedNodeName;
      if (nominated && cache.nominationOf(info.uid) === undefined) cache.nominate(info, nominated);
      if (pod.metadata?.deletionTimestamp !== undefined) queue.delete(info.uid);
      else queue.update(info);
    } else leave(pod);
  };
  informers.informer(pods).addHandlers({ onAdd: enter, onUpdate: enter, onDelete: leave });
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

function followTheRest(informers: InformerFactory, queue: SchedulingQueue): void {
  informers.informer(namespaces).addHandlers({
    onUpdate: (namespace, old) => {
      const changed = JSON.stringify(namespace.metadata?.labels) !== JSON.stringify(old.metadata?.labels);
      if (changed) queue.notify({ type: "NamespaceChange" });
    },
  });
  informers.informer(persistentvolumeclaims).addHandlers({
    onAdd: (claim) => queue.notify({ type: "ClaimChange", claim }),
    onUpdate: (claim) => queue.notify({ type: "ClaimChange", claim }),
  });
  informers.informer(persistentvolumes).addHandlers({
    onAdd: (volume) => queue.notify({ type: "VolumeChange", volume }),
    onUpdate: (volume) => queue.notify({ type: "VolumeChange", volume }),
  });
  informers.informer(storageclasses).addHandlers({ onAdd: () => queue.notify({ type: "StorageClassChange" }) });
}
