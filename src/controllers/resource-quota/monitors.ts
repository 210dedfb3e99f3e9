/**
 * Caches of what quotas count, and of nothing else: a resource is watched from the moment that a quota names it. What a name stands
 * for (`count/widgets.example.com`) is looked up in discovery; custom resources come and go.
 */
import { createInformer, type OwnInformer } from "../../client/informer-factory.ts";
import type { Informer } from "../../client/informer.ts";
import { builtinQuotaEvaluators, countName, type QuotaEvaluator, quotaEvaluatorOf } from "../../kinds/quota/index.ts";
import type { ControllerContext } from "../../operator/controller.ts";
import type { KubeObject, UnstructuredObject } from "../../schema/object.ts";
import type { ResourceRef } from "../../schema/resource-ref.ts";
import { discover } from "../resource-discovery.ts";

/** Something was deleted, or changed so that it may use less. */
export type Replenish = (evaluator: QuotaEvaluator, namespace: string) => void;

/** Groups whose resources are there as long as the server is. */
const builtIn = /^$|^(apps|batch|autoscaling|policy)$|\.k8s\.io$/;
const needed = ["create", "list", "watch", "delete"];
/** Milliseconds that a cache may take to fill. */
const patience = 30_000;

interface Monitor {
  readonly ref: ResourceRef;
  readonly informer: Informer<KubeObject>;
  readonly own: OwnInformer<KubeObject> | undefined;
  readonly unhook: () => void;
}

const keyOf = ({ group, resource }: { readonly group: string; readonly resource: string }): string => `${resource}.${group}`;

export class Monitors {
  readonly #context: ControllerContext;
  readonly #replenish: Replenish;
  readonly #monitors = new Map<string, Monitor>();
  /** What the server serves, by `resource.group`. */
  #served: ReadonlyMap<string, ResourceRef> = new Map();
  #asking: Promise<void> | undefined;

  constructor(context: ControllerContext, replenish: Replenish) {
    this.#context = context;
    this.#replenish = replenish;
    context.signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /** Asks the server what it serves. What is gone is watched no longer. */
  refresh(signal: AbortSignal): Promise<void> {
    return (this.#asking ??= this.#refresh(signal).finally(() => (this.#asking = undefined)));
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { resources, failures } = await discover(this.#context.client, signal);
    const quotable = resources.filter(({ ref, verbs }) => ref.namespaced && needed.every((verb) => verbs.includes(verb)));
    const served = new Map(quotable.map(({ ref }) => [keyOf(ref), ref]));
    const unknown = ({ group, version }: ResourceRef): boolean =>
      [...failures.keys()].some((gv) => gv.startsWith(`${group}/`) || (group === "" && gv === version));
    // What could not be learned stays as it was.
    for (const [key, ref] of this.#served) if (!served.has(key) && unknown(ref)) served.set(key, ref);
    this.#served = served;
    for (const [key, monitor] of this.#monitors) {
      if (served.get(key)?.version === monitor.ref.version) continue;
      monitor.unhook();
      monitor.own?.stop();
      this.#monitors.delete(key);
    }
  }

  /** Whether a name counts something that the server serves, or might when it is asked again. */
  evaluators(names: readonly string[]): { known: QuotaEvaluator[]; unresolved: boolean } {
    const known = new Set<QuotaEvaluator>(builtinQuotaEvaluators);
    let unresolved = false;
    const counted = new Map([...this.#served.values()].map((ref) => [countName(ref.group, ref.resource), ref]));
    for (const name of names) {
      if (!name.startsWith("count/")) continue;
      const ref = counted.get(name);
      const evaluator = ref === undefined ? undefined : quotaEvaluatorOf(ref.group, ref.resource);
      if (evaluator !== undefined) known.add(evaluator);
      else if (!builtinQuotaEvaluators.some((e) => countName(e.group, e.resource) === name)) unresolved = true;
    }
    return { known: [...known], unresolved };
  }

  /** Watches what these count. Answers whether any of it may be gone one day. */
  async watch(evaluators: readonly QuotaEvaluator[], signal: AbortSignal): Promise<boolean> {
    const waiting: Monitor[] = [];
    let mayGo = false;
    for (const evaluator of evaluators) {
      const monitor = this.#monitors.get(keyOf(evaluator)) ?? this.#start(evaluator);
      if (monitor === undefined) continue;
      mayGo ||= monitor.own !== undefined;
      if (!monitor.informer.synced) waiting.push(monitor);
    }
    if (waiting.length === 0) return mayGo;
    this.#context.informers.start();
    const enough = new AbortController();
    const timer = this.#context.clock.setTimeout(() => enough.abort(new Error("timed out")), patience);
    try {
      await Promise.all(waiting.map(({ informer }) => informer.whenSynced(AbortSignal.any([signal, enough.signal]))));
    } catch (error) {
      if (signal.aborted || !enough.signal.aborted) throw error;
    } finally {
      timer.cancel();
    }
    return mayGo;
  }

  #start(evaluator: QuotaEvaluator): Monitor | undefined {
    const ref = this.#served.get(keyOf(evaluator));
    if (ref === undefined) return undefined;
    const own = builtIn.test(ref.group)
      ? undefined
      : createInformer(this.#context.client, ref, { clock: this.#context.clock, log: this.#context.log });
    const informer = own ?? this.#context.informers.informer(ref);
    const unhook = informer.addHandlers({
      onUpdate: (object, old) => {
        if (evaluator.frees?.(object as UnstructuredObject, old as UnstructuredObject, this.#context.clock.now()) === true)
          this.#replenish(evaluator, object.metadata?.namespace ?? "");
      },
      onDelete: (object) => this.#replenish(evaluator, object.metadata?.namespace ?? ""),
    });
    const monitor = { ref, informer, own, unhook };
    this.#monitors.set(keyOf(evaluator), monitor);
    own?.start();
    return monitor;
  }

  /** The objects of a resource in a namespace; throws when they are not known yet. */
  list({ group, resource }: { readonly group: string; readonly resource: string }, namespace: string): UnstructuredObject[] {
    const monitor = this.#monitors.get(keyOf({ group, resource }));
    if (monitor?.informer.synced !== true) throw new Error(`${keyOf({ group, resource })} not yet synced`);
    return monitor.informer.lister.list(namespace) as UnstructuredObject[];
  }

  #stop(): void {
    for (const monitor of this.#monitors.values()) {
      monitor.unhook();
      monitor.own?.stop();
    }
    this.#monitors.clear();
  }
}
