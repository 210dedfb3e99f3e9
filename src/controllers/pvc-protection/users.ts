/** Which pods use a claim. Pure. */
import type { PersistentVolumeClaim, Pod, Volume } from "../../schema/types/core-v1.ts";

/** The claims that a pod names, and those that are made for its ephemeral volumes. */
export function claimNames(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [ephemeralName(pod, volume)] : [];
  });
}

function ephemeralName(pod: Pod, volume: Volume): string {
  return `${pod.metadata?.name ?? ""}-${volume.name}`;
}

/** Pods that have no node yet do not: none starts with a claim that is being deleted. */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName) return false;
  const name = claim.metadata?.name;
  const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  const isShutDown = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0;
  const isOwn = claim.metadata?.ownerReferences?.some((o) => o.controller === true && o.uid === uid) === true;
  return (pod.spec.volumes ?? []).some((volume) => {
    if (volume.persistentVolumeClaim?.claimName === name) return true;
    return !isShutDown && isOwn && volume.ephemeral !== undefined && ephemeralName(pod, volume) === name;
  });
}
