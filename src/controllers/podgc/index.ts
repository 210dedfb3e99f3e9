/** Wiring of the pod garbage collector: keys are pods that went wrong, nodes that are gone, and the count of finished pods. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ControllerContext, KeyQueue } from "../../operator/controller.ts";
import { patchStatus } from "../../operator/update.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { nodes, pods, type Node, type Pod, type PodCondition } from "../../schema/types/core-v1.ts";
import { podsByNode } from "../pod-index.ts";
import {
  failedStatus,
  isOutOfService,
  isTerminated,
  isUnscheduledTerminating,
  orphanCondition,
  quarantine,
  surplusTerminated,
} from "./plan.ts";

export interface PodGcOptions {
  /** Finished pods that are kept; upstream's 12,500 when absent, 0 or less keeps all. */
  readonly terminatedPodThreshold?: number;
}

export function podGcController({ terminatedPodThreshold = 12_500 }: PodGcOptions = {}): Controller {
  return {
    name: "pod-garbage-collector-controller",
    identity: "pod-garbage-collector",
    workers: 5,
    setup(context, queue) {
      const loop = new PodGc(context, queue, terminatedPodThreshold);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

const finishedKey = "finished";

class PodGc {
  readonly #context: ControllerContext;
  readonly #threshold: number;
  readonly #pods;
  readonly #nodes;
  readonly #podsOn: (node: string) => Pod[];
  readonly #finished = new Set<string>();

  constructor(context: ControllerContext, queue: KeyQueue, threshold: number) {
    this.#context = context;
    this.#threshold = threshold;
    const podInformer = context.informers.informer(pods);
    const nodeInformer = context.informers.informer(nodes);
    this.#pods = podInformer.lister;
    this.#nodes = nodeInformer.lister;
    this.#podsOn = podsByNode(podInformer);
    const onPod = (pod: Pod, fresh: boolean): void => {
      const node = pod.spec?.nodeName;
      if (pod.metadata?.deletionTimestamp !== undefined && (!node || isOutOfService(pod, this.#nodes.get("", node)))) {
        queue.add(`pod/${objectKey(pod)}`);
      }
      // At start the pods may be known before the nodes: the key is looked at again when the quarantine is over.
      if (node && fresh && this.#nodes.get("", node) === undefined) queue.addAfter(`node/${node}`, quarantine);
      if (isTerminated(pod)) this.#finished.add(objectKey(pod));
      else this.#finished.delete(objectKey(pod));
      if (threshold > 0 && this.#finished.size > threshold) queue.add(finishedKey);
    };
    podInformer.addHandlers({
      onAdd: (pod) => onPod(pod, true),
      onUpdate: (pod, old) => onPod(pod, pod.spec?.nodeName !== old.spec?.nodeName),
      onDelete: (pod) => void this.#finished.delete(objectKey(pod)),
    });
    const onNode = (node: Node): void => {
      if ((node.spec?.taints ?? []).length === 0) return;
      for (const pod of this.#podsOn(node.metadata?.name ?? "")) if (isOutOfService(pod, node)) queue.add(`pod/${objectKey(pod)}`);
    };
    nodeInformer.addHandlers({
      onAdd: onNode,
      onUpdate: onNode,
      onDelete: (node) => queue.addAfter(`node/${node.metadata?.name ?? ""}`, quarantine),
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    if (key === finishedKey) {
      for (const pod of surplusTerminated(this.#pods.list(), this.#threshold)) await this.#remove(pod, undefined, signal);
    } else if (key.startsWith("node/")) await this.#collectOrphans(key.slice("node/".length), signal);
    else {
      const { namespace, name } = splitKey(key.slice("pod/".length));
      const pod = this.#pods.get(namespace, name);
      if (pod === undefined) return;
      const node = this.#nodes.get("", pod.spec?.nodeName ?? "");
      if (isUnscheduledTerminating(pod) || isOutOfService(pod, node)) await this.#remove(pod, undefined, signal);
    }
  }

  async #collectOrphans(node: string, signal: AbortSignal): Promise<void> {
    const orphans = this.#podsOn(node);
    if (orphans.length === 0 || this.#nodes.get("", node) !== undefined || (await this.#exists(node, signal))) return;
    for (const pod of orphans) await this.#remove(pod, orphanCondition(pod, this.#context.clock.now()), signal);
  }

  /** The server is asked: a cache that is behind must not cost pods. */
  async #exists(node: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#context.client.resource(nodes).get(node, { signal });
      return true;
    } catch (error) {
      if (hasReason(error, "NotFound")) return false;
      throw error;
    }
  }

  async #remove(pod: Pod, condition: PodCondition | undefined, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#context;
    log.info("removing a pod by force", { pod: objectKey(pod), phase: pod.status?.phase });
    try {
      const status = failedStatus(pod, condition);
      if (status !== undefined) await patchStatus(client, pods, pod, status);
      await client.resource(pods, pod.metadata?.namespace).delete(pod.metadata?.name ?? "", { gracePeriodSeconds: 0, signal });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
  }
}
