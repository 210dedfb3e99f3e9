/** A node with the pods on it and what they take, summed up as pods come and go. */
import type { Node, Pod, Taint } from "../schema/types/core-v1.ts";
import { schedulingEffects } from "../kinds/pod/tolerations.ts";
import type { Amounts } from "./amounts.ts";
import { addAmounts, amountsOf, noAmounts } from "./amounts.ts";
import type { HostPort, PodInfo } from "./pod-info.ts";

type Labels = Readonly<Record<string, string>>;
const noLabels: Labels = {};
const noTaints: readonly Taint[] = [];
const noImages: ReadonlyMap<string, number> = new Map();

export class NodeInfo {
  readonly name: string;
  #node: Node | undefined;
  readonly pods: Map<string, PodInfo> = new Map();
  readonly podsWithAffinity: Set<PodInfo> = new Set();
  readonly podsWithRequiredAntiAffinity: Set<PodInfo> = new Set();
  readonly requested: Amounts = noAmounts();
  readonly nonZeroRequested: { milliCpu: number; memory: number } = { milliCpu: 0, memory: 0 };
  allocatable: Amounts & { pods: number } = { ...noAmounts(), pods: 0 };
  labels: Labels = noLabels;
  unschedulable = false;
  /** Those that keep pods away (NoSchedule, NoExecute), and those that only speak against a node. */
  taints: readonly Taint[] = noTaints;
  preferTaints: readonly Taint[] = noTaints;
  /** Image name → bytes. */
  images: ReadonlyMap<string, number> = noImages;
  /** `protocol/port` → the addresses it is taken on. */
  readonly #ports = new Map<string, string[]>();
  /** Claims (`namespace/name`) in use here, and by how many pods. */
  readonly claims: Map<string, number> = new Map();
  /** Counts up with every change: what was worked out about the node before no longer holds. */
  generation = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Undefined while only its pods are known. */
  get node(): Node | undefined {
    return this.#node;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.labels = node?.metadata?.labels ?? noLabels;
    this.unschedulable = node?.spec?.unschedulable === true;
    const taints = node?.spec?.taints ?? noTaints;
    this.taints = taints.length === 0 ? noTaints : taints.filter((taint) => schedulingEffects.includes(taint.effect));
    this.preferTaints = taints.length === 0 ? noTaints : taints.filter((taint) => taint.effect === "PreferNoSchedule");
    this.allocatable = amountsOf(node?.status?.allocatable);
    this.images = imagesOf(node);
    this.generation++;
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    if (pod.hasAffinity) this.podsWithAffinity.add(pod);
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.add(pod);
    this.#count(pod, 1);
    for (const { ip, protocol, port } of pod.hostPorts) {
      const key = `${protocol}/${port}`;
      this.#ports.set(key, [...(this.#ports.get(key) ?? []), ip]);
    }
    for (const claim of claimsOf(pod.pod)) this.claims.set(claim, (this.claims.get(claim) ?? 0) + 1);
  }

  /** Puts a newer state of a pod that is here in its place; answers whether anything that counts has changed. */
  replacePod(old: PodInfo, pod: PodInfo): boolean {
    if (pod.countsAs(old)) {
      this.pods.set(pod.uid, pod);
      if (this.podsWithAffinity.delete(old)) this.podsWithAffinity.add(pod);
      if (this.podsWithRequiredAntiAffinity.delete(old)) this.podsWithRequiredAntiAffinity.add(pod);
      return false;
    }
    this.removePod(old.uid);
    this.addPod(pod);
    return true;
  }

  removePod(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid);
    if (pod === undefined) return undefined;
    this.pods.delete(uid);
    this.podsWithAffinity.delete(pod);
    this.podsWithRequiredAntiAffinity.delete(pod);
    this.#count(pod, -1);
    for (const { ip, protocol, port } of pod.hostPorts) {
      const key = `${protocol}/${port}`;
      const left = [...(this.#ports.get(key) ?? [])];
      left.splice(left.indexOf(ip), 1);
      if (left.length === 0) this.#ports.delete(key);
      else this.#ports.set(key, left);
    }
    for (const claim of claimsOf(pod.pod)) {
      const left = (this.claims.get(claim) ?? 1) - 1;
      if (left === 0) this.claims.delete(claim);
      else this.claims.set(claim, left);
    }
    return pod;
  }

  /** A port is taken when either side wants it on all addresses, or both want it on the same one. */
  conflicts(wanted: HostPort): boolean {
    const taken = this.#ports.get(`${wanted.protocol}/${wanted.port}`);
    return taken?.some((ip) => ip === wanted.ip || ip === "0.0.0.0" || wanted.ip === "0.0.0.0") === true;
  }

  /** A copy to try things on; pods and node are shared. */
  fork(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.setNode(this.#node);
    for (const pod of this.pods.values()) copy.addPod(pod);
    return copy;
  }

  #count(pod: PodInfo, times: 1 | -1): void {
    addAmounts(this.requested, pod.requests, times);
    this.nonZeroRequested.milliCpu += times * pod.nonZero.milliCpu;
    this.nonZeroRequested.memory += times * pod.nonZero.memory;
    this.generation++;
  }
}

/** The claims that a pod's volumes use, generic ephemeral volumes included: `namespace/name`. */
export function claimsOf(pod: Pod): string[] {
  const claims: string[] = [];
  const { namespace = "", name = "" } = pod.metadata ?? {};
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.persistentVolumeClaim !== undefined) claims.push(`${namespace}/${volume.persistentVolumeClaim.claimName}`);
    else if (volume.ephemeral !== undefined) claims.push(`${namespace}/${name}-${volume.name}`);
  }
  return claims;
}

function imagesOf(node: Node | undefined): ReadonlyMap<string, number> {
  const listed = node?.status?.images ?? [];
  if (listed.length === 0) return noImages;
  const images = new Map<string, number>();
  for (const { names, sizeBytes } of listed) for (const name of names ?? []) images.set(name, sizeBytes ?? 0);
  return images;
}
