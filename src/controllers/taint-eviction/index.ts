/** Wiring of the taint eviction controller. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import { patchStatus } from "../../operator/update.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { nodes, pods, type Node, type Pod } from "../../schema/types/core-v1.ts";
import { podsByNode } from "../pod-index.ts";
import { evictingTaints, evictionCondition, planEviction } from "./plan.ts";

export function taintEvictionController(): Controller {
  return {
    name: "taint-eviction-controller",
    identity: "node-controller",
    workers: 8,
    setup(context, queue) {
      const loop = new TaintEviction(context, queue);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

class TaintEviction {
  readonly #context: ControllerContext;
  readonly #pods;
  readonly #nodes;
  /** Pod key → when it is to go. */
  readonly #scheduled = new Map<string, number>();

  constructor(context: ControllerContext, queue: KeyQueue) {
    this.#context = context;
    const podInformer = context.informers.informer(pods);
    const nodeInformer = context.informers.informer(nodes);
    this.#pods = podInformer.lister;
    this.#nodes = nodeInformer.lister;
    const podsOn = podsByNode(podInformer);
    const concerns = (pod: Pod): boolean => evictingTaints(this.#nodes.get("", pod.spec?.nodeName ?? "")).length > 0;
    podInformer.addHandlers({
      onAdd: (pod) => {
        if (concerns(pod)) queue.add(objectKey(pod));
      },
      onUpdate: (pod, old) => {
        const same = pod.spec?.nodeName === old.spec?.nodeName && pod.spec?.tolerations?.length === old.spec?.tolerations?.length;
        if (!same && concerns(pod)) queue.add(objectKey(pod));
      },
      onDelete: (pod) => {
        if (this.#scheduled.has(objectKey(pod))) queue.add(objectKey(pod));
      },
    });
    const enqueueAll = (node: Node): void => {
      for (const pod of podsOn(node.metadata?.name ?? "")) queue.add(objectKey(pod));
    };
    nodeInformer.addHandlers({
      onAdd: (node) => {
        if (evictingTaints(node).length > 0) enqueueAll(node);
      },
      onUpdate: (node, old) => {
        if (JSON.stringify(evictingTaints(node)) !== JSON.stringify(evictingTaints(old))) enqueueAll(node);
      },
    });
  }

  #tell(key: string, what: string): void {
    const { namespace, name } = splitKey(key);
    this.#context.events.event(
      { apiVersion: "v1", kind: "Pod", metadata: { namespace, name } },
      "Normal",
      "TaintManagerEviction",
      `${what} Pod ${key}`,
    );
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { namespace, name } = splitKey(key);
    const pod = this.#pods.get(namespace, name);
    const { clock, client } = this.#context;
    const scheduled = this.#scheduled.get(key);
    if (pod === undefined) {
      if (this.#scheduled.delete(key)) this.#tell(key, "Cancelling deletion of");
      return {};
    }
    if (pod.metadata?.deletionTimestamp !== undefined) {
      this.#scheduled.delete(key);
      return {};
    }
    const node = this.#nodes.get("", pod.spec?.nodeName ?? "");
    // A node that is gone is another controller's business; what was scheduled stays so.
    const plan =
      node === undefined && scheduled !== undefined
        ? waitOrEvict(scheduled, clock.now())
        : planEviction(pod, evictingTaints(node), scheduled, clock.now());
    if (plan.type === "wait") {
      this.#scheduled.set(key, plan.until);
      return { requeueAfter: plan.until - clock.now() };
    }
    if (plan.cancelled) this.#tell(key, "Cancelling deletion of");
    this.#scheduled.delete(key);
    if (plan.type === "stay") return {};
    this.#tell(key, "Marking for deletion");
    try {
      await patchStatus(client, pods, pod, { conditions: [evictionCondition(pod, clock.now())] });
      await client.resource(pods, namespace).delete(name, { signal });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
    return {};
  }
}

function waitOrEvict(until: number, now: number): ReturnType<typeof planEviction> {
  return until <= now ? { type: "evict", cancelled: false } : { type: "wait", until };
}
