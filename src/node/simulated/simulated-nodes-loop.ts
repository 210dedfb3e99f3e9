/** The loop behind all simulated nodes. Keys: `nodes/I` (one is to be registered), `beat` (leases are due), `pod/NS/NAME`. */
import { hasReason } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import type { ControllerContext, KeyQueue, Reconcile, ReconcileResult } from "../../operator/controller.ts";
import { patchStatus } from "../../operator/update.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { leases, type Lease } from "../../schema/types/coordination-v1.ts";
import { nodes, pods, type Node, type Pod } from "../../schema/types/core-v1.ts";
import { sameValue } from "../pod/status-patch.ts";
import { AddressPool } from "./address-pool.ts";
import {
  leaseNamespace,
  renewedLease,
  simulatedAddress,
  simulatedNode,
  simulatedNodeStatus,
  type SimulatedNodeShape,
} from "./node-object.ts";
import { simulatedStatus } from "./pod-status.ts";
import { delayOf, stageOf, type Stage, type StageStatus } from "./stage.ts";

export interface LoopOptions {
  readonly names: readonly string[];
  readonly shape: SimulatedNodeShape;
  readonly stages: readonly Stage[];
  readonly podCidr: ((index: number) => string) | undefined;
  readonly random: () => number;
}

/** Milliseconds between two renewals of a lease, of few nodes and of many: leases last forty seconds. */
const fewInterval = 10_000;
const manyInterval = 20_000;
const many = 200;
/** Leases renewed in one beat. */
const perBeat = 100;
/** A node's status is told anew after this even if nothing changed. */
const reportInterval = 300_000;
const byNode = "simulated/node";

/** A pod that could not get an address is looked at again after this. */
const addressDelay = 500;

interface SimulatedNode {
  readonly index: number;
  readonly name: string;
  object: Node | undefined;
  lease: Lease | undefined;
  pool: AddressPool | undefined;
  reportedAt: number;
  failed: boolean;
}

export class SimulatedNodesLoop {
  readonly #options: LoopOptions;
  readonly #nodes = new Map<string, SimulatedNode>();
  /** Pod key → the stage it is in and when that is over. */
  readonly #due = new Map<string, { uid: string; stage: string; at: number }>();
  #context: ControllerContext | undefined;
  #queue: KeyQueue | undefined;
  #beatAt = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    for (const [index, name] of options.names.entries()) {
      this.#nodes.set(name, { index, name, object: undefined, lease: undefined, pool: undefined, reportedAt: 0, failed: false });
    }
  }

  setup(context: ControllerContext, queue: KeyQueue): Reconcile {
    this.#context = context;
    this.#queue = queue;
    const podInformer = context.informers.informer(pods);
    podInformer.addIndex(byNode, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
    context.informers.informer(nodes).addHandlers({
      onAdd: (node) => this.#observe(node, queue),
      onUpdate: (node) => this.#observe(node, queue),
      onDelete: (node) => {
        const mine = this.#nodes.get(node.metadata?.name ?? "");
        // Deleted by someone: it is no node any more, as after `kubectl delete node` of a machine that is off.
        if (mine !== undefined) this.#nodes.delete(mine.name);
      },
    });
    const changed = (pod: Pod): void => {
      const mine = this.#nodes.get(pod.spec?.nodeName ?? "");
      if (mine === undefined) return;
      for (const { ip } of pod.status?.podIPs ?? []) if (pod.spec?.hostNetwork !== true) mine.pool?.mark(ip);
      queue.add(`pod/${objectKey(pod)}`);
    };
    podInformer.addHandlers({
      onAdd: changed,
      onUpdate: changed,
      onDelete: (pod) => {
        this.#due.delete(objectKey(pod));
        const mine = this.#nodes.get(pod.spec?.nodeName ?? "");
        if (pod.spec?.hostNetwork !== true) for (const { ip } of pod.status?.podIPs ?? []) mine?.pool?.release(ip);
      },
    });
    for (const { index } of this.#nodes.values()) queue.add(`nodes/${index}`);
    queue.add("beat");
    return (key, signal) => this.#reconcile(context, key, signal);
  }

  #observe(node: Node, queue: KeyQueue): void {
    const mine = this.#nodes.get(node.metadata?.name ?? "");
    if (mine === undefined) return;
    mine.object = node;
    const podCIDR = node.spec?.podCIDRs?.find((c) => !c.includes(":"));
    if (mine.pool === undefined && podCIDR !== undefined) {
      mine.pool = new AddressPool(podCIDR);
      for (const pod of this.#podsOn(mine.name)) {
        if (pod.spec?.hostNetwork === true) continue;
        for (const { ip } of pod.status?.podIPs ?? []) mine.pool.mark(ip);
        queue.add(`pod/${objectKey(pod)}`);
      }
    }
  }

  hasFailed(name: string): boolean {
    return this.#nodes.get(name)?.failed ?? true;
  }

  fail(name: string): void {
    const mine = this.#nodes.get(name);
    if (mine !== undefined) mine.failed = true;
  }

  recover(name: string): void {
    const mine = this.#nodes.get(name);
    if (mine === undefined) return;
    mine.failed = false;
    mine.reportedAt = 0;
    this.#queue?.add(`nodes/${mine.index}`);
    for (const pod of this.#podsOn(name)) this.#queue?.add(`pod/${objectKey(pod)}`);
  }

  #podsOn(name: string): Pod[] {
    return this.#context?.informers.informer(pods).lister.byIndex(byNode, name) ?? [];
  }

  async #reconcile(context: ControllerContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (key === "beat") return this.#beat(context, signal);
    if (key.startsWith("nodes/")) {
      const mine = this.#nodes.get(this.#options.names[Number(key.slice("nodes/".length))] ?? "");
      if (mine !== undefined && !mine.failed) await this.#report(context, mine, signal);
      return {};
    }
    const { namespace, name } = splitKey(key.slice("pod/".length));
    const pod = context.informers.informer(pods).lister.get(namespace, name);
    const mine = this.#nodes.get(pod?.spec?.nodeName ?? "");
    if (pod === undefined || mine === undefined || mine.failed) return {};
    return this.#step(context, mine, pod, signal);
  }

  /** Registers the node, or tells its status anew; then its lease. */
  async #report(context: ControllerContext, mine: SimulatedNode, signal: AbortSignal): Promise<void> {
    const { client, clock } = context;
    const resource = client.resource(nodes);
    const now = clock.now();
    const { shape, podCidr } = this.#options;
    if (mine.object === undefined) {
      try {
        mine.object = await resource.create(simulatedNode(mine.name, mine.index, shape, podCidr?.(mine.index), now), { signal });
      } catch (error) {
        if (!hasReason(error, "AlreadyExists")) throw error;
        mine.object = await resource.get(mine.name, { signal });
      }
    }
    const status = simulatedNodeStatus(mine.name, mine.index, shape, mine.object.status, now);
    if (!sameValue(status, mine.object.status)) mine.object = await patchStatus(client, nodes, mine.object, status);
    mine.reportedAt = now;
    if (this.#queue !== undefined) this.#observe(mine.object, this.#queue);
    await this.#renew(context, mine, signal);
  }

  async #renew(context: ControllerContext, mine: SimulatedNode, signal: AbortSignal): Promise<void> {
    if (mine.object === undefined) return;
    const resource = context.client.resource(leases, leaseNamespace);
    const now = context.clock.now();
    try {
      const lease = renewedLease(mine.object, mine.lease, now);
      mine.lease = mine.lease === undefined ? await resource.create(lease, { signal }) : await resource.update(lease, { signal });
    } catch (error) {
      if (hasReason(error, "NotFound")) {
        mine.lease = undefined;
        throw error;
      }
      if (!hasReason(error, "AlreadyExists", "Conflict")) throw error;
      mine.lease = await resource.update(renewedLease(mine.object, await resource.get(mine.name, { signal }), now), { signal });
    }
  }

  /** A share of the leases: with many nodes the writes are spread over the interval. */
  async #beat(context: ControllerContext, signal: AbortSignal): Promise<ReconcileResult> {
    const all = [...this.#nodes.values()];
    const beats = Math.max(1, Math.ceil(all.length / perBeat));
    const interval = all.length > many ? manyInterval : fewInterval;
    this.#beatAt = (this.#beatAt + 1) % beats;
    const now = context.clock.now();
    const results = await Promise.allSettled(
      all
        .filter((mine) => mine.index % beats === this.#beatAt && mine.object !== undefined && !mine.failed)
        .map((mine) =>
          now - mine.reportedAt >= reportInterval ? this.#report(context, mine, signal) : this.#renew(context, mine, signal),
        ),
    );
    for (const result of results) {
      if (result.status === "rejected" && !signal.aborted)
        context.log.warn("a simulated node could not be kept alive", { error: result.reason as unknown });
    }
    return { requeueAfter: interval / beats };
  }

  /** Carries the pod through its stage when the time has come. */
  async #step(context: ControllerContext, mine: SimulatedNode, pod: Pod, signal: AbortSignal): Promise<ReconcileResult> {
    const key = objectKey(pod);
    const uid = pod.metadata?.uid ?? "";
    const finished = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    const stage = finished && pod.metadata?.deletionTimestamp === undefined ? undefined : stageOf(pod, this.#options.stages);
    if (stage === undefined) {
      this.#due.delete(key);
      return {};
    }
    const now = context.clock.monotonic();
    let due = this.#due.get(key);
    if (due === undefined || due.stage !== stage.name || due.uid !== uid) {
      due = { uid, stage: stage.name, at: now + delayOf(pod, stage.delay, this.#options.random) };
      this.#due.set(key, due);
    }
    if (due.at > now) return { requeueAfter: due.at - now };
    if (!(await this.#advance(context, mine, pod, stage, signal))) return { requeueAfter: addressDelay };
    // The next change of the pod brings it back. One whose stage stays (an init container more) starts its delay anew.
    this.#due.delete(key);
    return {};
  }

  /** False: not possible yet. */
  async #advance(context: ControllerContext, mine: SimulatedNode, pod: Pod, stage: Stage, signal: AbortSignal): Promise<boolean> {
    const next = this.#nextStatus(pod, stage);
    const podIPs = next === undefined ? [] : this.#addresses(mine, pod, next);
    if (podIPs === undefined) return false;
    try {
      if (next !== undefined) {
        const input = { pod, next, hostIP: simulatedAddress(mine.index), podIPs, now: formatTime(context.clock.now()) };
        const status = simulatedStatus(input);
        // Whole, over the version that was looked at: cheaper for the server than a patch, and a conflict brings the pod back.
        if (!sameValue(status, pod.status)) {
          await context.client
            .resource(pods, pod.metadata?.namespace)
            .updateStatus({ ...pod, apiVersion: "v1", kind: "Pod", status }, { signal });
        }
      }
      if (stage.next.delete === true) {
        const { name = "", namespace, uid } = pod.metadata ?? {};
        const preconditions = uid === undefined ? {} : { preconditions: { uid } };
        await context.client.resource(pods, namespace).delete(name, { gracePeriodSeconds: 0, ...preconditions, signal });
      }
    } catch (error) {
      if (pod.spec?.hostNetwork !== true) for (const ip of podIPs) mine.pool?.release(ip);
      // Gone, or changed meanwhile: that change comes through the cache.
      if (!hasReason(error, "NotFound", "Conflict")) throw error;
    }
    return true;
  }

  /** A pod that ends because it is deleted has succeeded only if it ran; one that finished before stays as it is. */
  #nextStatus(pod: Pod, stage: Stage): StageStatus | undefined {
    if (stage.next.delete !== true) return stage.next.status;
    const phase = pod.status?.phase;
    return phase === "Running" ? stage.next.status : undefined;
  }

  #addresses(mine: SimulatedNode, pod: Pod, next: StageStatus): readonly string[] | undefined {
    if (pod.spec?.hostNetwork === true) return [simulatedAddress(mine.index)];
    if (next === "Creating" || next === "Succeeded" || next === "Failed" || pod.status?.podIP) return [];
    const address = mine.pool?.take();
    return address === undefined ? undefined : [address];
  }
}
