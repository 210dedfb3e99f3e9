/**
 * What the scheduler believes about nodes and pods: what the informers say, and the pods it has assigned itself whose
 * binding has not come back yet (assumed). It is the snapshot that cycles look at: they run to their end without a
 * pause, so nothing changes under them and nothing is copied.
 */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "../schema/types/core-v1.ts";
import type { StorageClass } from "../schema/types/storage-v1.ts";
import { NodeInfo } from "./node-info.ts";
import { PodInfo, type Selector } from "./pod-info.ts";
import { ChangeLog } from "./change-log.ts";
import type { Snapshot, VolumeView } from "./snapshot.ts";

type Labels = Readonly<Record<string, string>>;
const noLabels: Labels = {};
const nobody: readonly PodInfo[] = [];

/** What the cache asks of the other informers. */
export interface CacheSources {
  namespaceLabels?(namespace: string): Labels | undefined;
  defaultSpreadSelector?(pod: PodInfo): Selector | undefined;
  readonly volumes?: VolumeView;
}

const noVolumes: VolumeView = {
  claim: (): PersistentVolumeClaim | undefined => undefined,
  volume: (): PersistentVolume | undefined => undefined,
  allVolumes: () => [],
  storageClass: (): StorageClass | undefined => undefined,
};

interface Placed {
  pod: PodInfo;
  readonly node: NodeInfo;
  assumed: boolean;
}

export class SchedulerCache implements Snapshot {
  readonly #sources: CacheSources;
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, Placed>();
  readonly #nominations = new Map<string, { pod: PodInfo; node: string }>();
  readonly #nominated = new Map<string, PodInfo[]>();
  readonly #images = new Map<string, number>();
  readonly nodesWithAffinityPods: Set<NodeInfo> = new Set();
  readonly nodesWithRequiredAntiAffinityPods: Set<NodeInfo> = new Set();
  readonly volumes: VolumeView;
  readonly changes: ChangeLog = new ChangeLog(() => this.#nodes.size);
  /** The search order; undefined when nodes have come or gone since. */
  #order: NodeInfo[] | undefined;

  constructor(sources: CacheSources = {}) {
    this.#sources = sources;
    this.volumes = sources.volumes ?? noVolumes;
  }

  get nodes(): readonly NodeInfo[] {
    this.#order ??= interleaveZones([...this.#nodes.values()].filter((n) => n.node !== undefined));
    return this.#order;
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  nominated(node: string): readonly PodInfo[] {
    return this.#nominated.size === 0 ? nobody : (this.#nominated.get(node) ?? nobody);
  }

  nodesWithImage(name: string): number {
    return this.#images.get(name) ?? 0;
  }

  namespaceLabels(namespace: string): Labels {
    return this.#sources.namespaceLabels?.(namespace) ?? noLabels;
  }

  defaultSpreadSelector(pod: PodInfo): Selector | undefined {
    return this.#sources.defaultSpreadSelector?.(pod);
  }

  get sizes(): { nodes: number; pods: number; assumedPods: number } {
    let assumedPods = 0;
    for (const { assumed } of this.#placed.values()) if (assumed) assumedPods++;
    return { nodes: this.nodes.length, pods: this.#placed.size, assumedPods };
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata?.name ?? "");
    if (info.node === undefined || zoneOf(info.labels) !== zoneOf(node.metadata?.labels ?? noLabels)) this.#order = undefined;
    this.#countImages(info, -1);
    info.setNode(node);
    this.#countImages(info, 1);
    this.changes.changed(info);
  }

  /** Pods may still be on it: their deletion is told on its own. */
  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    this.#countImages(info, -1);
    info.setNode(undefined);
    this.changes.changed(info);
    this.#order = undefined;
    this.#forgetIfEmpty(info);
  }

  /** A pod is on a node, as the API server says. Ends its being assumed. Answers what was known of it. */
  setPod(pod: Pod): { pod: PodInfo; old: PodInfo | undefined; assumed: boolean } {
    const uid = pod.metadata?.uid ?? "";
    const name = pod.spec?.nodeName ?? "";
    const placed = this.#placed.get(uid);
    const info = new PodInfo(pod, placed?.pod);
    if (placed !== undefined && placed.node.name === name) {
      const { pod: old, assumed } = placed;
      if (placed.node.replacePod(old, info)) this.changes.changed(placed.node);
      placed.pod = info;
      placed.assumed = false;
      this.#indexAffinity(placed.node);
      return { pod: info, old, assumed };
    }
    if (placed !== undefined) this.#take(uid);
    this.#put(info, name, false);
    return { pod: info, old: placed?.pod, assumed: placed?.assumed === true };
  }

  removePod(uid: string): PodInfo | undefined {
    return this.#take(uid)?.pod;
  }

  /** The binding is under way: its room is taken from now on. */
  assume(pod: PodInfo, node: string): void {
    this.unnominate(pod.uid);
    this.#put(pod, node, true);
  }

  /** The binding failed. */
  forget(uid: string): void {
    if (this.isAssumed(uid)) this.#take(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#placed.get(uid)?.assumed === true;
  }

  /** The pod waits for room on `node` that others are making. */
  nominate(pod: PodInfo, node: string): void {
    this.unnominate(pod.uid);
    this.#nominations.set(pod.uid, { pod, node });
    this.#nominated.set(node, [...this.nominated(node), pod]);
  }

  unnominate(uid: string): void {
    const nomination = this.#nominations.get(uid);
    if (nomination === undefined) return;
    this.#nominations.delete(uid);
    const left = this.nominated(nomination.node).filter((pod) => pod.uid !== uid);
    if (left.length === 0) this.#nominated.delete(nomination.node);
    else this.#nominated.set(nomination.node, left);
  }

  nominationOf(uid: string): string | undefined {
    return this.#nominations.get(uid)?.node;
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (info === undefined) this.#nodes.set(name, (info = new NodeInfo(name)));
    return info;
  }

  #put(pod: PodInfo, node: string, assumed: boolean): void {
    const info = this.#info(node);
    info.addPod(pod);
    this.#placed.set(pod.uid, { pod, node: info, assumed });
    this.#changedPods(info);
  }

  #take(uid: string): Placed | undefined {
    const placed = this.#placed.get(uid);
    if (placed === undefined) return undefined;
    this.#placed.delete(uid);
    placed.node.removePod(uid);
    this.#changedPods(placed.node);
    this.#forgetIfEmpty(placed.node);
    return placed;
  }

  #forgetIfEmpty(info: NodeInfo): void {
    if (info.node === undefined && info.pods.size === 0) this.#nodes.delete(info.name);
  }

  #changedPods(node: NodeInfo): void {
    this.changes.changed(node);
    this.#indexAffinity(node);
  }

  #indexAffinity(node: NodeInfo): void {
    if (node.podsWithAffinity.size > 0) this.nodesWithAffinityPods.add(node);
    else this.nodesWithAffinityPods.delete(node);
    if (node.podsWithRequiredAntiAffinity.size > 0) this.nodesWithRequiredAntiAffinityPods.add(node);
    else this.nodesWithRequiredAntiAffinityPods.delete(node);
  }

  #countImages(info: NodeInfo, by: 1 | -1): void {
    for (const name of info.images.keys()) {
      const count = (this.#images.get(name) ?? 0) + by;
      if (count === 0) this.#images.delete(name);
      else this.#images.set(name, count);
    }
  }
}

function zoneOf(labels: Labels): string {
  return `${labels["topology.kubernetes.io/region"] ?? ""}\0${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

/** One node of each zone in turn, so that a search that stops early has looked everywhere. */
function interleaveZones(nodes: readonly NodeInfo[]): NodeInfo[] {
  const zones = [...Map.groupBy(nodes, (node) => zoneOf(node.labels)).values()];
  if (zones.length === 1) return [...nodes];
  const order: NodeInfo[] = [];
  for (let i = 0; order.length < nodes.length; i++) {
    for (const zone of zones) {
      const node = zone[i];
      if (node !== undefined) order.push(node);
    }
  }
  return order;
}
