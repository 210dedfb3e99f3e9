/** Which sets a pod's change concerns, and which expectations it meets. */
import type { Informer } from "../../client/informer.ts";
import type { KeyQueue } from "../../operator/controller.ts";
import type { Expectations } from "../../operator/expectations.ts";
import { objectKey, type KubeObject } from "../../schema/object.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import { controllerOf } from "../ownership.ts";

export interface PodWatch<T extends KubeObject> {
  readonly kind: string;
  readonly owner: (namespace: string, name: string) => T | undefined;
  /** Sets whose selector takes the pod. */
  readonly selecting: (pod: Pod) => T[];
  readonly queue: KeyQueue;
  readonly expectations: Expectations;
  /** Milliseconds for which changes of a set's pods are collected. */
  readonly collectingTime: (key: string) => number;
}

export function watchPods<T extends KubeObject>(informer: Informer<Pod>, watch: PodWatch<T>): void {
  const { expectations } = watch;
  const enqueue = (key: string): void => watch.queue.addAfter(key, watch.collectingTime(key));

  const resolve = (pod: Pod, ref: OwnerReference | undefined): string | undefined => {
    if (ref === undefined || ref.kind !== watch.kind) return undefined;
    const owner = watch.owner(pod.metadata?.namespace ?? "", ref.name);
    return owner?.metadata?.uid === ref.uid && owner !== undefined ? objectKey(owner) : undefined;
  };

  const gone = (pod: Pod): void => {
    const key = resolve(pod, controllerOf(pod));
    if (key === undefined) return;
    expectations.deletionObserved(key, pod.metadata?.uid ?? "");
    enqueue(key);
  };

  const orphaned = (pod: Pod): void => {
    for (const owner of watch.selecting(pod)) enqueue(objectKey(owner));
  };

  informer.addHandlers({
    onAdd(pod) {
      // After a restart a pod may show up for the first time when it is already going.
      if (pod.metadata?.deletionTimestamp !== undefined) {
        gone(pod);
        return;
      }
      const ref = controllerOf(pod);
      if (ref === undefined) {
        orphaned(pod);
        return;
      }
      const key = resolve(pod, ref);
      if (key === undefined) return;
      expectations.creationObserved(key);
      enqueue(key);
    },
    onUpdate(pod, old) {
      const ref = controllerOf(pod);
      const oldRef = controllerOf(old);
      if (pod.metadata?.uid !== old.metadata?.uid) gone(old);
      const relabelled = !sameLabels(pod, old);
      // The deletion is seen when it is asked for: waiting for the pod to be gone would hold replacements up for its grace.
      if (pod.metadata?.deletionTimestamp !== undefined) {
        gone(pod);
        if (relabelled) gone(old);
        return;
      }
      const changedHands = ref?.uid !== oldRef?.uid;
      if (changedHands) {
        const key = resolve(old, oldRef);
        if (key !== undefined) enqueue(key);
      }
      if (ref !== undefined) {
        const key = resolve(pod, ref);
        if (key !== undefined) enqueue(key);
      } else if (relabelled || changedHands) orphaned(pod);
    },
    onDelete: gone,
  });
}

function sameLabels(a: Pod, b: Pod): boolean {
  const x = a.metadata?.labels ?? {};
  const y = b.metadata?.labels ?? {};
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((k) => x[k] === y[k]);
}
