/** Wiring of the node lifecycle controller. */
import { hasReason } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import type { Controller, ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import { patchStatus, updateWithRetry } from "../../operator/update.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { leases, type Lease } from "../../schema/types/coordination-v1.ts";
import { nodes, pods, type Node, type Pod, type Taint } from "../../schema/types/core-v1.ts";
import { podsByNode } from "../pod-index.ts";
import { readyCondition } from "../pod-state.ts";
import { typed } from "../typed.ts";
import {
  conditionOf,
  executeTaintKey,
  executeTaintsOf,
  missingLabels,
  readiness,
  scheduleTaintsOf,
  silentAt,
  silentConditions,
  type GracePeriods,
} from "./health.ts";
import { defaultRates, viewZones, ZoneCounts, zoneOf, type ZoneRates, type ZoneState } from "./zones.ts";

export interface NodeLifecycleOptions {
  /** Milliseconds without a sign of life; upstream's 50,000 when absent. */
  readonly monitorGracePeriod?: number;
  /** The same for a node that never reported; 60,000 when absent. */
  readonly startupGracePeriod?: number;
  readonly rates?: Partial<ZoneRates>;
}

export function nodeLifecycleController(options: NodeLifecycleOptions = {}): Controller {
  return {
    name: "node-lifecycle-controller",
    identity: "node-controller",
    eventSource: "node-controller",
    workers: 8,
    setup(context, queue) {
      const loop = new NodeLifecycle(context, queue, options);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

const sweepKey = "sweep";
const leaseNamespace = "kube-node-lease";

/** Keys: `sweep` (who has fallen silent), `node/N` (one node), `pod/NS/NAME` (new on a lost node), `zone/Z` (the next to be emptied). */
class NodeLifecycle {
  readonly #context: ControllerContext;
  readonly #queue: KeyQueue;
  readonly #grace: GracePeriods;
  readonly #rates: ZoneRates;
  readonly #nodes;
  readonly #pods;
  readonly #podsOn: (node: string) => Pod[];
  /** When each node was last heard of, by the clock here: theirs may be wrong (milliseconds). */
  readonly #lastSeen = new Map<string, number>();
  /** Nodes that are to get their NoExecute taint when their zone's rate allows, in order. */
  readonly #toEmpty = new Map<string, Set<string>>();
  readonly #nextEmptying = new Map<string, number>();
  #zones: ReadonlyMap<string, ZoneState> = new Map();
  readonly #counts = new ZoneCounts();

  constructor(context: ControllerContext, queue: KeyQueue, options: NodeLifecycleOptions) {
    this.#context = context;
    this.#queue = queue;
    this.#grace = { monitor: options.monitorGracePeriod ?? 50_000, startup: options.startupGracePeriod ?? 60_000 };
    this.#rates = { ...defaultRates, ...options.rates };
    const nodeInformer = context.informers.informer(nodes);
    const podInformer = context.informers.informer(pods);
    this.#nodes = nodeInformer.lister;
    this.#pods = podInformer.lister;
    this.#podsOn = podsByNode(podInformer);
    nodeInformer.addHandlers({
      onAdd: (node) => this.#added(node),
      onUpdate: (node, old) => this.#changed(node, old),
      onDelete: (node) => this.#deleted(node),
    });
    const hear = ({ metadata }: Lease): void => {
      const name = metadata?.name ?? "";
      if (metadata?.namespace === leaseNamespace && this.#lastSeen.has(name)) this.#lastSeen.set(name, context.clock.now());
    };
    // All leases: the garbage collector follows them too, and one watch serves both.
    context.informers.informer(leases).addHandlers({
      onAdd: hear,
      onUpdate: (lease, old) => {
        if ((lease.spec?.renewTime ?? "") > (old.spec?.renewTime ?? "")) hear(lease);
      },
    });
    const bound = (pod: Pod): void => {
      const node = this.#nodes.get("", pod.spec?.nodeName ?? "");
      if (node !== undefined && readiness(node) !== undefined && readiness(node) !== "True") queue.add(`pod/${objectKey(pod)}`);
    };
    podInformer.addHandlers({
      onAdd: bound,
      onUpdate: (pod, old) => {
        if (pod.spec?.nodeName !== old.spec?.nodeName) bound(pod);
      },
    });
  }

  #tell(node: Node, reason: string, message: string): void {
    const { name = "", uid = "" } = node.metadata ?? {};
    this.#context.events.event({ apiVersion: "v1", kind: "Node", metadata: { name, uid } }, "Normal", reason, message);
  }

  #added(node: Node): void {
    const name = node.metadata?.name ?? "";
    this.#lastSeen.set(name, this.#context.clock.now());
    this.#tell(node, "RegisteredNode", `Node ${name} event: Registered Node ${name} in Controller`);
    this.#counts.note(name, node);
    this.#queue.add(`node/${name}`);
    this.#sweepLater();
  }

  /** No node that has just been heard of can fall silent earlier. */
  #sweepLater(): void {
    this.#queue.addAfter(sweepKey, Math.min(this.#grace.monitor, this.#grace.startup) + 1);
  }

  #changed(node: Node, old: Node): void {
    const name = node.metadata?.name ?? "";
    const [ready, before] = [conditionOf(node, "Ready"), conditionOf(old, "Ready")];
    if (ready?.lastHeartbeatTime !== before?.lastHeartbeatTime || ready?.status !== before?.status) {
      // Our own change to Unknown is no sign of life.
      if (ready?.status !== "Unknown") this.#lastSeen.set(name, this.#context.clock.now());
    }
    // Heartbeats, which are most updates, end here.
    this.#counts.note(name, node);
    const facts = (n: Node): string => JSON.stringify([n.spec, n.metadata?.labels, n.status?.conditions?.map((c) => [c.type, c.status])]);
    if (facts(node) !== facts(old)) this.#queue.add(`node/${name}`);
    if (before?.status === "Unknown" && ready?.status !== "Unknown") this.#sweepLater();
  }

  #deleted(node: Node): void {
    const name = node.metadata?.name ?? "";
    this.#lastSeen.delete(name);
    this.#counts.note(name, undefined);
    for (const waiting of this.#toEmpty.values()) waiting.delete(name);
    this.#tell(node, "RemovingNode", `Node ${name} event: Removing Node ${name} from Controller`);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (key === sweepKey) return this.#sweep(signal);
    const rest = key.slice(key.indexOf("/") + 1);
    if (key.startsWith("node/")) return this.#node(rest, signal);
    if (key.startsWith("zone/")) return this.#emptyNext(rest, signal);
    const { namespace, name } = splitKey(rest);
    const pod = this.#pods.get(namespace, name);
    const node = this.#nodes.get("", pod?.spec?.nodeName ?? "");
    const ready = node === undefined ? undefined : readiness(node);
    if (pod !== undefined && ready !== undefined && ready !== "True") await this.#markPod(pod, signal);
    return {};
  }

  /** Declares silent nodes unknown. One timer for all of them: it stands at the earliest time one can fall silent. */
  async #sweep(signal: AbortSignal): Promise<ReconcileResult> {
    const now = this.#context.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const node of this.#nodes.list()) {
      const due = silentAt(node, this.#lastSeen.get(node.metadata?.name ?? "") ?? now, this.#grace);
      if (due >= now) {
        if (readiness(node) !== "Unknown") next = Math.min(next, due);
      } else await this.#silence(node, signal);
    }
    return next === Number.POSITIVE_INFINITY ? {} : { requeueAfter: next - now + 1 };
  }

  async #silence(node: Node, signal: AbortSignal): Promise<void> {
    const { client, clock, log } = this.#context;
    if (silentConditions(node, clock.now()) === undefined) return;
    const name = node.metadata?.name ?? "";
    const wasReady = readiness(node) === "True";
    log.info("a node has fallen silent", { node: name });
    const options = { subresource: "status", ignoreNotFound: true, signal } as const;
    await updateWithRetry(
      client,
      nodes,
      typed(nodes, node),
      (draft) => {
        const conditions = silentConditions(draft, clock.now());
        if (conditions === undefined) return false;
        draft.status = { ...draft.status, conditions };
        return true;
      },
      options,
    );
    if (!wasReady) return;
    this.#tell(node, "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    for (const pod of this.#podsOn(name)) await this.#markPod(pod, signal);
  }

  /** A pod of a lost node is not ready, whatever its last report says. */
  async #markPod(pod: Pod, signal: AbortSignal): Promise<void> {
    const ready = readyCondition(pod);
    if (ready === undefined || ready.status === "False") return;
    const condition = { ...ready, status: "False", lastTransitionTime: formatTime(this.#context.clock.now()) };
    try {
      await patchStatus(this.#context.client, pods, pod, { conditions: [condition] });
    } catch (error) {
      if (signal.aborted || !hasReason(error, "NotFound")) throw error;
      return;
    }
    this.#context.events.event(typed(pods, pod), "Warning", "NodeNotReady", "Node is not ready");
  }

  async #node(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const node = this.#nodes.get("", name);
    if (node === undefined) return {};
    await this.#setTaints(node, (n, now) => scheduleTaintsOf(n, now), signal);
    const labels = missingLabels(node);
    if (labels !== undefined) await this.#context.client.resource(nodes).patch(name, "strategic", { metadata: { labels } }, { signal });
    await this.#viewZones(signal);
    const ready = readiness(node);
    const zone = zoneOf(node);
    const waiting = this.#toEmpty.get(zone) ?? new Set<string>();
    this.#toEmpty.set(zone, waiting);
    const key = executeTaintKey(ready);
    const tainted = executeTaintsOf(node, undefined, 0) !== undefined;
    if (key === undefined) {
      waiting.delete(name);
      if (ready === "True") await this.#setTaints(node, (n, now) => executeTaintsOf(n, undefined, now), signal);
    } else if (tainted) {
      // One of ours is exchanged for the other at once; the first one waits for its zone.
      const exchange = (n: Node, now: number): Taint[] | undefined =>
        executeTaintsOf(n, undefined, now) === undefined ? undefined : executeTaintsOf(n, key, now);
      await this.#setTaints(node, exchange, signal);
    } else {
      waiting.add(name);
      this.#queue.add(`zone/${zone}`);
    }
    return {};
  }

  async #setTaints(node: Node, change: (node: Node, now: number) => Taint[] | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#context;
    if (change(node, clock.now()) === undefined) return;
    await updateWithRetry(
      client,
      nodes,
      typed(nodes, node),
      (draft) => {
        const taints = change(draft, clock.now());
        if (taints === undefined) return false;
        const { taints: _old, ...spec } = draft.spec ?? {};
        draft.spec = taints.length === 0 ? spec : { ...spec, taints };
        return true;
      },
      { ignoreNotFound: true, signal },
    );
  }

  /** Rates by the present state; all nodes let go when everything is lost, all given time when something comes back. */
  async #viewZones(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const view = viewZones(this.#counts.zones, this.#zones, this.#rates);
    this.#zones = view.states;
    if (view.total === "entered") {
      this.#context.log.warn("no node is ready: pods stay where they are");
      for (const node of this.#nodes.list()) await this.#setTaints(node, (n, now) => executeTaintsOf(n, undefined, now), signal);
    } else if (view.total === "left") {
      const now = this.#context.clock.now();
      for (const name of this.#lastSeen.keys()) this.#lastSeen.set(name, now);
      for (const zone of this.#toEmpty.keys()) this.#queue.add(`zone/${zone}`);
      // Nodes that lost their taint when all was lost are to have it again.
      for (const node of this.#nodes.list())
        if (executeTaintKey(readiness(node)) !== undefined) this.#queue.add(`node/${node.metadata?.name ?? ""}`);
    }
    return view.rates;
  }

  async #emptyNext(zone: string, signal: AbortSignal): Promise<ReconcileResult> {
    const rates = await this.#viewZones(signal);
    const rate = rates.get(zone) ?? this.#rates.normal;
    const waiting = this.#toEmpty.get(zone);
    const [name] = waiting ?? [];
    if (waiting === undefined || name === undefined || rate === 0) return {};
    const now = this.#context.clock.now();
    const due = this.#nextEmptying.get(zone) ?? 0;
    if (now < due) return { requeueAfter: due - now };
    const node = this.#nodes.get("", name);
    const key = node === undefined ? undefined : executeTaintKey(readiness(node));
    if (node !== undefined && key !== undefined) {
      await this.#setTaints(node, (n, at) => executeTaintsOf(n, key, at), signal);
      this.#nextEmptying.set(zone, now + 1000 / rate);
    }
    waiting.delete(name);
    return waiting.size === 0 ? {} : { requeueAfter: Math.max(1, (this.#nextEmptying.get(zone) ?? now) - now) };
  }
}
