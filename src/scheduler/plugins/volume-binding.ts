/**
 * Claims: bound ones hold the pod to the nodes that can reach their volumes; unbound ones of an immediate class make it
 * wait; those that wait for the first consumer go where a volume is free or can be provisioned.
 */
import { compileNodeSelector } from "../../kinds/pod/node-affinity.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../schema/types/core-v1.ts";
import type { Cycle, Filter, Plugin, Rejection } from "../framework.ts";
import { claimsOf, type NodeInfo } from "../node-info.ts";
import { compileSelector } from "../pod-info.ts";
import type { VolumeView } from "../snapshot.ts";

const name = "VolumeBinding";
const reject = (reason: string): Rejection => ({ plugin: name, unresolvable: true, reasons: [reason] });
const unboundImmediate = reject("pod has unbound immediate PersistentVolumeClaims");
const noVolume = reject("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
const wrongNode = reject("node(s) didn't match PersistentVolume's node affinity");
const noneFree = reject("node(s) didn't find available persistent volumes to bind");

/** On a claim: the node that its volume is to be made for. */
export const selectedNodeAnnotation = "volume.kubernetes.io/selected-node";

export const volumeBinding: Plugin = {
  name,
  prepareFilter: (cycle) => prepare(cycle),
  helps: (event, pod) => {
    switch (event.type) {
      case "ClaimChange": {
        const { namespace, name: claim } = event.claim.metadata ?? {};
        return claimsOf(pod.pod).includes(`${namespace}/${claim}`);
      }
      case "VolumeChange":
      case "StorageClassChange":
      case "NodeAdd":
        return true;
      case "NodeUpdate":
        return event.node.metadata?.labels !== event.old.metadata?.labels;
      default:
        return false;
    }
  },
};

function prepare({ pod, snapshot }: Cycle): Filter | Rejection | undefined {
  if (claimsOf(pod.pod).length === 0) return undefined;
  const { volumes } = snapshot;
  const bound: PersistentVolumeClaim[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  for (const wanted of claimNames(pod.pod)) {
    const claim = volumes.claim(pod.namespace, wanted.name);
    const fault = claim === undefined ? reject(missing(wanted)) : faultOf(pod.pod, claim, wanted.ephemeral);
    if (claim === undefined || fault !== undefined) return fault;
    if (isBound(claim)) bound.push(claim);
    else if (waitsForConsumer(claim, volumes)) delayed.push(claim);
    else return unboundImmediate;
  }
  return { check: (node) => checkBound(bound, volumes, node) ?? checkDelayed(delayed, volumes, node) };
}

function claimNames(pod: Pod): { name: string; ephemeral: boolean }[] {
  return (pod.spec?.volumes ?? []).flatMap((volume): { name: string; ephemeral: boolean }[] => {
    if (volume.persistentVolumeClaim !== undefined) return [{ name: volume.persistentVolumeClaim.claimName, ephemeral: false }];
    return volume.ephemeral === undefined ? [] : [{ name: `${pod.metadata?.name}-${volume.name}`, ephemeral: true }];
  });
}

function missing({ name: claim, ephemeral }: { name: string; ephemeral: boolean }): string {
  return ephemeral
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${claim}"`
    : `persistentvolumeclaim "${claim}" not found`;
}

function faultOf(pod: Pod, claim: PersistentVolumeClaim, ephemeral: boolean): Rejection | undefined {
  const { metadata, spec, status } = claim;
  if (status?.phase === "Lost") {
    return reject(`persistentvolumeclaim "${metadata?.name}" bound to non-existent persistentvolume "${spec?.volumeName ?? ""}"`);
  }
  if (metadata?.deletionTimestamp !== undefined) return reject(`persistentvolumeclaim "${metadata.name}" is being deleted`);
  if (ephemeral && metadata?.ownerReferences?.some((o) => o.controller === true && o.uid === pod.metadata?.uid) !== true) {
    return reject(
      `PVC ${metadata?.namespace}/${metadata?.name} was not created for pod ${pod.metadata?.namespace}/${pod.metadata?.name} (pod is not owner)`,
    );
  }
  return undefined;
}

function isBound(claim: PersistentVolumeClaim): boolean {
  return !!claim.spec?.volumeName && claim.metadata?.annotations?.["pv.kubernetes.io/bind-completed"] !== undefined;
}

function waitsForConsumer(claim: PersistentVolumeClaim, volumes: VolumeView): boolean {
  const className = classOf(claim);
  return !claim.spec?.volumeName && className !== "" && volumes.storageClass(className)?.volumeBindingMode === "WaitForFirstConsumer";
}

function classOf(claim: PersistentVolumeClaim): string {
  return claim.metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec?.storageClassName ?? "";
}

function checkBound(claims: readonly PersistentVolumeClaim[], volumes: VolumeView, node: NodeInfo): Rejection | undefined {
  for (const claim of claims) {
    const volume = volumes.volume(claim.spec?.volumeName ?? "");
    if (volume === undefined) return noVolume;
    if (!reachable(volume, node)) return wrongNode;
  }
  return undefined;
}

function reachable(volume: PersistentVolume, { node }: NodeInfo): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || (node !== undefined && compileNodeSelector(required)(node));
}

function checkDelayed(claims: readonly PersistentVolumeClaim[], volumes: VolumeView, node: NodeInfo): Rejection | undefined {
  const taken = new Set<string>();
  for (const claim of claims) {
    const selected = claim.metadata?.annotations?.[selectedNodeAnnotation];
    if (selected !== undefined) {
      if (selected !== node.name) return wrongNode;
      continue;
    }
    const volume = freeVolume(claim, volumes, node, taken);
    if (volume !== undefined) taken.add(volume.metadata?.name ?? "");
    else if (!provisionable(claim, volumes, node)) return noneFree;
  }
  return undefined;
}

/** The smallest free volume that serves the claim on this node. */
function freeVolume(
  claim: PersistentVolumeClaim,
  volumes: VolumeView,
  node: NodeInfo,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined;
  for (const volume of volumes.allVolumes()) {
    if (taken.has(volume.metadata?.name ?? "") || !serves(volume, claim) || !reachable(volume, node)) continue;
    if (best === undefined || compareQuantities(sizeOf(volume), sizeOf(best)) < 0) best = volume;
  }
  return best;
}

function sizeOf(volume: PersistentVolume): string {
  return volume.spec?.capacity?.["storage"] ?? "0";
}

function serves(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec, metadata, status } = volume;
  const reserved = spec?.claimRef;
  if (reserved !== undefined) {
    if (reserved.namespace !== claim.metadata?.namespace || reserved.name !== claim.metadata?.name) return false;
    if (reserved.uid && reserved.uid !== claim.metadata?.uid) return false;
  } else if (status?.phase !== "Available") return false;
  if (metadata?.deletionTimestamp !== undefined || (spec?.storageClassName ?? "") !== classOf(claim)) return false;
  if ((spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) return false;
  if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode))) return false;
  if (claim.spec?.selector !== undefined && !compileSelector(claim.spec.selector).matches(metadata?.labels ?? {})) return false;
  return compareQuantities(sizeOf(volume), claim.spec?.resources?.requests?.["storage"] ?? "0") >= 0;
}

/** A provisioner exists and serves the node's topology. */
function provisionable(claim: PersistentVolumeClaim, volumes: VolumeView, node: NodeInfo): boolean {
  const storageClass = volumes.storageClass(classOf(claim));
  if (storageClass === undefined || storageClass.provisioner === "" || storageClass.provisioner === "kubernetes.io/no-provisioner")
    return false;
  const allowed = storageClass.allowedTopologies ?? [];
  return (
    allowed.length === 0 ||
    allowed.some((term) => (term.matchLabelExpressions ?? []).every(({ key, values }) => values.includes(node.labels[key] as string)))
  );
}
