/** Wiring of the garbage collector: caches feed the graph, the graph names objects, the server is asked about each. */
import type { Controller, ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import type { KubeObject } from "../../schema/object.ts";
import { apiVersionOf, type ResourceRef } from "../../schema/resource-ref.ts";
import { AbsentOwners } from "./absent-owners.ts";
import { decide, type OwnerState } from "./decision.ts";
import { DependencyGraph, type GraphNode, type Identity } from "./graph.ts";
import { Monitors } from "./monitors.ts";
import { Server } from "./server.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";

export function garbageCollectorController(): Controller {
  return {
    name: "garbage-collector-controller",
    identity: "generic-garbage-collector",
    workers: 20,
    setup(context, queue) {
      const collector = new Collector(context, queue);
      return (key, signal) => collector.reconcile(key, signal);
    },
  };
}

/** Milliseconds to wait for first lists before work begins without the rest. */
const syncPatience = 30_000;
/** Discovery that was not whole is tried again after this (milliseconds). */
const rediscovery = 30_000;
/** Between a change of what is served and the look at it (milliseconds): several come together. */
const settling = 200;
const resyncKey = "resync";

class Collector {
  readonly #context: ControllerContext;
  readonly #queue: KeyQueue;
  readonly #graph: DependencyGraph;
  readonly #monitors: Monitors;
  readonly #server: Server;
  readonly #absent = new AbsentOwners();
  /** How often in vain an object was looked at. */
  readonly #attempts = new Map<string, number>();
  readonly #ready: Promise<void>;
  #markReady: () => void = () => undefined;

  constructor(context: ControllerContext, queue: KeyQueue) {
    this.#context = context;
    this.#queue = queue;
    this.#server = new Server(context.client);
    this.#ready = new Promise((resolve) => (this.#markReady = resolve));
    this.#graph = new DependencyGraph({
      attemptDelete: (uid) => queue.add(`delete/${uid}`),
      attemptOrphan: (uid) => queue.add(`orphan/${uid}`),
      invalidOwner: (dependent, owner) => this.#reportInvalid(dependent, owner),
      absent: (identity) => this.#absent.add(identity),
      lookup: (owner, namespace) => this.#lookup(owner, namespace),
    });
    this.#monitors = new Monitors(context, {
      observed: (ref, object, old) => {
        this.#graph.observe(identityOf(ref, object), object, old);
        this.#notice(ref);
      },
      removed: (ref, object) => {
        this.#graph.removed(identityOf(ref, object));
        this.#notice(ref);
      },
    });
    context.signal.addEventListener(
      "abort",
      () => {
        this.#monitors.stop();
        this.#markReady();
      },
      { once: true },
    );
    queue.add(resyncKey);
  }

  /** What is served may have changed. */
  #notice(ref: ResourceRef): void {
    if (ref.resource === "customresourcedefinitions" || ref.resource === "apiservices") this.#queue.addAfter(resyncKey, settling);
  }

  #lookup(owner: OwnerReference, namespace: string): { object: KubeObject; identity: Identity } | undefined {
    const ref = this.#monitors.resourceOf(owner.apiVersion, owner.kind);
    const object = ref === undefined ? undefined : this.#monitors.cached(ref, namespace, owner.name);
    return ref !== undefined && object?.metadata?.uid === owner.uid ? { object, identity: identityOf(ref, object) } : undefined;
  }

  #reportInvalid(dependent: Identity, owner: OwnerReference): void {
    const { apiVersion, kind, namespace, name, uid } = dependent;
    const text = `[${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}]`;
    this.#context.events.event(
      { apiVersion, kind, metadata: { namespace, name, uid } },
      "Warning",
      "OwnerRefInvalidNamespace",
      `ownerRef ${text} does not exist in namespace "${namespace}"`,
    );
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (key === resyncKey) {
      const discovery = await this.#monitors.resync(signal);
      await this.#monitors.whenSynced(syncPatience, signal);
      this.#markReady();
      return discovery.failures.size > 0 ? { requeueAfter: rediscovery } : {};
    }
    await this.#ready;
    if (signal.aborted) return {};
    const uid = key.slice(key.indexOf("/") + 1);
    const node = this.#graph.get(uid);
    if (node === undefined) {
      this.#attempts.delete(uid);
      return {};
    }
    const settled = key.startsWith("orphan/") ? await this.#orphan(node, signal) : await this.#attemptDelete(node, signal);
    if (settled) {
      this.#attempts.delete(uid);
      return {};
    }
    return { requeueAfter: this.#delay(uid) };
  }

  /** From 5 ms doubling to 1,000 s: the object may show up any moment, or be of a kind that nobody serves. */
  #delay(uid: string): number {
    const n = this.#attempts.get(uid) ?? 0;
    this.#attempts.set(uid, n + 1);
    return Math.min(1_000_000, 5 * 2 ** Math.min(n, 18));
  }

  async #orphan(owner: GraphNode, signal: AbortSignal): Promise<boolean> {
    await Promise.all(
      [...owner.dependents].map(async (dependent) => {
        const ref = this.#refOf(dependent.identity);
        if (ref !== undefined) await this.#server.disown(ref, dependent.identity, [owner.identity.uid], signal);
      }),
    );
    const ref = this.#refOf(owner.identity);
    if (ref !== undefined) await this.#server.removeFinalizer(ref, owner.identity, "orphan", signal);
    return true;
  }

  #refOf(identity: Identity): ResourceRef | undefined {
    return this.#monitors.resourceOf(identity.apiVersion, identity.kind);
  }

  /** False: look again later. */
  async #attemptDelete(node: GraphNode, signal: AbortSignal): Promise<boolean> {
    if (node.beingDeleted && !node.deletingDependents) return true;
    const { identity } = node;
    const ref = this.#refOf(identity);
    if (ref === undefined) return false;
    const latest = await this.#server.get(ref, identity, signal);
    if (latest === undefined) {
      this.#graph.foundAbsent(identity);
      return true;
    }
    if (node.virtual) return !node.virtual;
    if (node.deletingDependents) {
      await this.#continueForeground(ref, node, signal);
      return true;
    }
    const owners: { ref: OwnerReference; state: OwnerState }[] = [];
    for (const owner of latest.metadata?.ownerReferences ?? []) {
      const state = await this.#ownerState(identity, owner, signal);
      if (state === "unknown") return false;
      // A namespaced owner of a cluster-scoped object cannot be found: the object is left alone for good.
      if (state === "impossible") return true;
      owners.push({ ref: owner, state });
    }
    return this.#carryOut(ref, node, latest, owners, signal);
  }

  async #carryOut(
    ref: ResourceRef,
    node: GraphNode,
    latest: KubeObject,
    owners: readonly { ref: OwnerReference; state: OwnerState }[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const decision = decide({
      object: latest,
      owners,
      hasDependents: node.dependents.size > 0,
      dependentWaits: [...node.dependents].some((d) => d.deletingDependents),
    });
    if (decision.type === "disown") await this.#server.disown(ref, node.identity, decision.owners, signal);
    if (decision.type !== "delete") return true;
    let object = latest;
    if (decision.unblock) object = (await this.#server.unblock(ref, node.identity, latest, signal)) ?? latest;
    if (!(await this.#server.delete(ref, node.identity, object, decision.policy, signal))) this.#graph.foundAbsent(node.identity);
    return true;
  }

  /** An object in foreground deletion goes when nothing that blocks it is left. */
  async #continueForeground(ref: ResourceRef, node: GraphNode, signal: AbortSignal): Promise<void> {
    const blocking = [...node.dependents].filter((d) => d.owners.some((o) => o.uid === node.identity.uid && o.blockOwnerDeletion === true));
    if (blocking.length === 0) await this.#server.removeFinalizer(ref, node.identity, "foregroundDeletion", signal);
    for (const dependent of blocking) if (!dependent.deletingDependents) this.#queue.add(`delete/${dependent.identity.uid}`);
  }

  async #ownerState(item: Identity, owner: OwnerReference, signal: AbortSignal): Promise<OwnerState | "unknown" | "impossible"> {
    const { apiVersion, kind, name, uid } = owner;
    const identity = (namespace: string): Identity => ({ apiVersion, kind, namespace, name, uid });
    if (this.#absent.has(identity("")) || this.#absent.has(identity(item.namespace))) return "absent";
    const ref = this.#monitors.resourceOf(apiVersion, kind);
    if (ref === undefined) return "unknown";
    if (ref.namespaced && item.namespace === "") return "impossible";
    const wanted = identity(ref.namespaced ? item.namespace : "");
    const object = await this.#server.get(ref, wanted, signal);
    if (object !== undefined) return object;
    this.#absent.add(wanted);
    return "absent";
  }
}

function identityOf(ref: ResourceRef, object: KubeObject): Identity {
  const { namespace = "", name = "", uid = "" } = object.metadata ?? {};
  return { apiVersion: apiVersionOf(ref), kind: ref.kind, namespace, name, uid };
}
