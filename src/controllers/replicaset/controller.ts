/** Wiring shared by the replica set and the replication controller: cache in, {@link planReplicas} and {@link replicaStatus} out. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import { Expectations } from "../../operator/expectations.ts";
import { slowStartBatch } from "../../operator/slow-start.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import type { ResourceRef } from "../../schema/resource-ref.ts";
import { pods, type Pod } from "../../schema/types/core-v1.ts";
import type { ReplicaSetStatus } from "../../schema/types/apps-v1.ts";
import { claim, controllerOf, controllerRef, isControlledBy, messageOf } from "../ownership.ts";
import { podsByController } from "../pod-index.ts";
import { isPodActive, isPodTerminating } from "../pod-state.ts";
import { namespaceTerminates, typed } from "../typed.ts";
import { nextAvailability, planReplicas, podFromTemplate, replicaStatus, sameStatus, type ReplicaOwner } from "./plan.ts";
import { watchPods } from "./pod-events.ts";

/** How one of the two kinds is read. */
export interface ReplicaKind<T extends ReplicaOwner> {
  readonly name: string;
  readonly identity?: string;
  readonly eventSource?: string;
  readonly ref: ResourceRef<T>;
  /** Whether pods with these labels belong to `owner`; false for an empty selector. */
  readonly matches: (owner: T, labels: Readonly<Record<string, string>>) => boolean;
  /** Its status has `terminatingReplicas` (KEP-3973). */
  readonly reportsTerminating: boolean;
}

export function replicaController<T extends ReplicaOwner>(kind: ReplicaKind<T>): Controller {
  return {
    name: kind.name,
    ...(kind.identity === undefined ? {} : { identity: kind.identity }),
    ...(kind.eventSource === undefined ? {} : { eventSource: kind.eventSource }),
    workers: 5,
    setup(context, queue) {
      const loop = new ReplicaLoop(context, queue, kind);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

class ReplicaLoop<T extends ReplicaOwner> {
  readonly #context: ControllerContext;
  readonly #kind: ReplicaKind<T>;
  readonly #expectations: Expectations;
  readonly #owners;
  readonly #pods;
  readonly #podLister;
  /** Pods of each set when it was last looked at. */
  readonly #sizes = new Map<string, number>();

  constructor(context: ControllerContext, queue: KeyQueue, kind: ReplicaKind<T>) {
    this.#context = context;
    this.#kind = kind;
    this.#expectations = new Expectations(context.clock);
    this.#owners = context.informers.informer(kind.ref);
    const podInformer = context.informers.informer(pods);
    this.#podLister = podInformer.lister;
    this.#pods = podsByController(podInformer);
    this.#owners.addIndex("controllers/controller-uid", (o) => {
      const uid = controllerOf(o)?.uid;
      return uid === undefined ? [] : [uid];
    });
    this.#owners.addHandlers({
      onAdd: (o) => queue.add(objectKey(o)),
      onUpdate: (o, old) => {
        if (o.metadata?.uid !== old.metadata?.uid) this.#expectations.forget(objectKey(old));
        queue.add(objectKey(o));
      },
      onDelete: (o) => {
        this.#expectations.forget(objectKey(o));
        queue.add(objectKey(o));
      },
    });
    watchPods(podInformer, {
      kind: kind.ref.kind,
      owner: (namespace, name) => this.#owners.lister.get(namespace, name),
      selecting: (pod) => {
        const labels = pod.metadata?.labels ?? {};
        return this.#owners.lister.list(pod.metadata?.namespace).filter((o) => kind.matches(o, labels));
      },
      queue,
      expectations: this.#expectations,
      // A reconcile looks at every pod of the set: large sets take their changes several at a time.
      collectingTime: (key) => {
        const size = this.#sizes.get(key) ?? 0;
        return size < 50 ? 0 : size / 20;
      },
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { namespace, name } = splitKey(key);
    const owner = this.#owners.lister.get(namespace, name);
    if (owner === undefined) {
      this.#expectations.forget(key);
      this.#sizes.delete(key);
      return {};
    }
    const maySync = this.#expectations.satisfied(key);
    const owned = this.#pods.of(namespace, { kind: this.#kind.ref.kind, name, uid: owner.metadata?.uid ?? "" });
    this.#sizes.set(key, owned.length);
    const active = await this.#claim(owner, [...owned, ...this.#pods.orphans(namespace)].filter(isPodActive), signal);
    const terminating = this.#kind.reportsTerminating
      ? owned.filter((p) => isPodTerminating(p) && this.#kind.matches(owner, p.metadata?.labels ?? {})).length
      : undefined;
    let failure: Error | undefined;
    if (maySync && owner.metadata?.deletionTimestamp === undefined) failure = await this.#manage(key, owner, active, signal);
    const now = this.#context.clock.now();
    const status = replicaStatus({ owner, active, terminating, failure: failure?.message, now });
    await this.#writeStatus(owner, status, signal);
    if (failure !== undefined) throw failure;
    const next = nextAvailability(owner, active, status, this.#context.clock.now());
    return next === undefined ? {} : { requeueAfter: next };
  }

  #claim(owner: T, candidates: readonly Pod[], signal: AbortSignal): Promise<Pod[]> {
    return claim(candidates, {
      client: this.#context.client,
      owner,
      ownerRef: this.#kind.ref,
      ref: pods,
      matches: (pod) => this.#kind.matches(owner, pod.metadata?.labels ?? {}),
      signal,
    });
  }

  /** Creates or deletes; the answer is the first failure. */
  async #manage(key: string, owner: T, active: readonly Pod[], signal: AbortSignal): Promise<Error | undefined> {
    const plan = planReplicas(owner, active, () => this.#related(owner), this.#context.clock.now());
    if (plan.create > 0) return this.#create(key, owner, plan.create, signal);
    if (plan.remove.length > 0) return this.#remove(key, owner, plan.remove, signal);
    return undefined;
  }

  async #create(key: string, owner: T, count: number, signal: AbortSignal): Promise<Error | undefined> {
    const about = typed(this.#kind.ref, owner);
    const pod = podFromTemplate(owner, controllerRef(owner, this.#kind.ref));
    if (Object.keys(pod.metadata?.labels ?? {}).length === 0) return new Error("unable to create pods, no labels");
    const client = this.#context.client.resource(pods, owner.metadata?.namespace);
    this.#expectations.expectCreations(key, count);
    const { succeeded, error } = await slowStartBatch(count, async () => {
      try {
        const created = await client.create(pod, { signal });
        this.#context.events.event(about, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata?.name ?? ""}`);
      } catch (failure) {
        // No event and no retry: the set goes away with its namespace.
        if (namespaceTerminates(failure)) return;
        this.#context.events.event(about, "Warning", "FailedCreate", `Error creating: ${messageOf(failure)}`);
        throw failure;
      }
    });
    for (let i = succeeded; i < count; i++) this.#expectations.creationObserved(key);
    return error === undefined || error instanceof Error ? error : new Error(messageOf(error));
  }

  async #remove(key: string, owner: T, doomed: readonly Pod[], signal: AbortSignal): Promise<Error | undefined> {
    const about = typed(this.#kind.ref, owner);
    const client = this.#context.client.resource(pods, owner.metadata?.namespace);
    this.#expectations.expectDeletions(
      key,
      doomed.map((p) => p.metadata?.uid ?? ""),
    );
    const errors: Error[] = [];
    await Promise.all(
      doomed.map(async (pod) => {
        const name = pod.metadata?.name ?? "";
        try {
          await client.delete(name, { signal });
          this.#context.events.event(about, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
        } catch (failure) {
          this.#expectations.deletionObserved(key, pod.metadata?.uid ?? "");
          if (hasReason(failure, "NotFound")) return;
          this.#context.events.event(about, "Warning", "FailedDelete", `Error deleting: ${messageOf(failure)}`);
          errors.push(new Error(`unable to delete pods: ${messageOf(failure)}`, { cause: failure }));
        }
      }),
    );
    return errors[0];
  }

  /** Pods of every set that the same controller (a deployment) has. */
  #related(owner: T): Pod[] {
    const uid = controllerOf(owner)?.uid;
    if (uid === undefined) return [];
    const seen = new Set<string>();
    const related: Pod[] = [];
    for (const set of this.#owners.lister.byIndex("controllers/controller-uid", uid)) {
      for (const pod of this.#podLister.list(set.metadata?.namespace)) {
        const id = pod.metadata?.uid ?? "";
        if (seen.has(id) || !this.#kind.matches(set, pod.metadata?.labels ?? {})) continue;
        seen.add(id);
        related.push(pod);
      }
    }
    return related;
  }

  /** Once more on the server's present object when the cached one is behind. */
  async #writeStatus(owner: T, status: ReplicaSetStatus, signal: AbortSignal): Promise<void> {
    if (sameStatus(owner.status, status)) return;
    const client = this.#context.client.resource(this.#kind.ref, owner.metadata?.namespace);
    const name = owner.metadata?.name ?? "";
    try {
      await client.updateStatus(typed(this.#kind.ref, { ...owner, status }), { signal });
    } catch (error) {
      if (hasReason(error, "NotFound")) return;
      if (!hasReason(error, "Conflict")) throw error;
      const fresh = await client.get(name, { signal });
      if (fresh.metadata?.uid !== owner.metadata?.uid || !isSameGoal(fresh, owner)) throw error;
      await client.updateStatus(typed(this.#kind.ref, { ...fresh, status }), { signal });
    }
  }
}

/** A status worked out for another generation must not be written to this one. */
function isSameGoal(a: ReplicaOwner, b: ReplicaOwner): boolean {
  return a.metadata?.generation === b.metadata?.generation && (isControlledBy(a, b) || controllerOf(a)?.uid === controllerOf(b)?.uid);
}
