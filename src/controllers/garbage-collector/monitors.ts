/** An informer for every resource that can be deleted, following what the server serves. */
import { createInformer, type OwnInformer } from "../../client/informer-factory.ts";
import type { Informer } from "../../client/informer.ts";
import type { ControllerContext } from "../../operator/controller.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { ResourceRef } from "../../schema/resource-ref.ts";
import { discover, type Discovery } from "../resource-discovery.ts";

export interface MonitorHandlers {
  observed(ref: ResourceRef, object: KubeObject, old: KubeObject | undefined): void;
  removed(ref: ResourceRef, object: KubeObject): void;
}

/** Events own nothing, are owned by nothing, and are many. */
const ignored = new Set(["events.", "events.events.k8s.io"]);
/** Groups whose resources are there as long as the server is. */
const builtIn = /^$|^(apps|batch|autoscaling|policy|extensions)$|\.k8s\.io$/;

const keyOf = (ref: ResourceRef): string => `${ref.resource}.${ref.group}`;

interface Monitor {
  readonly ref: ResourceRef;
  readonly informer: Informer<KubeObject>;
  readonly own: OwnInformer<KubeObject> | undefined;
  readonly unhook: () => void;
}

export class Monitors {
  readonly #context: ControllerContext;
  readonly #handlers: MonitorHandlers;
  readonly #monitors = new Map<string, Monitor>();
  #kinds: ReadonlyMap<string, ResourceRef> = new Map();

  constructor(context: ControllerContext, handlers: MonitorHandlers) {
    this.#context = context;
    this.#handlers = handlers;
  }

  /** Adds and stops informers as discovery says; what could not be discovered stays as it is. Answers the discovery. */
  async resync(signal: AbortSignal): Promise<Discovery> {
    const discovery = await discover(this.#context.client, signal);
    this.#kinds = new Map([...(discovery.failures.size > 0 ? this.#kinds : []), ...discovery.kinds]);
    const wanted = new Map<string, ResourceRef>();
    for (const { ref, verbs } of discovery.resources) {
      if (ignored.has(keyOf(ref)) || !["delete", "list", "watch"].every((v) => verbs.includes(v))) continue;
      wanted.set(keyOf(ref), ref);
    }
    for (const [key, monitor] of this.#monitors) {
      const { group, version } = monitor.ref;
      const next = wanted.get(key);
      const unknown = [...discovery.failures.keys()].some((gv) => gv === version || gv.startsWith(`${group}/`));
      if (next === undefined ? !unknown : next.version !== version) this.#stop(key, monitor);
    }
    for (const [key, ref] of wanted) if (!this.#monitors.has(key)) this.#start(key, ref);
    this.#context.informers.start();
    return discovery;
  }

  #start(key: string, ref: ResourceRef): void {
    const own = builtIn.test(ref.group)
      ? undefined
      : createInformer(this.#context.client, ref, { clock: this.#context.clock, log: this.#context.log });
    const informer = own ?? this.#context.informers.informer(ref);
    const unhook = informer.addHandlers({
      onAdd: (object) => this.#handlers.observed(ref, object, undefined),
      onUpdate: (object, old) => this.#handlers.observed(ref, object, old),
      onDelete: (object) => this.#handlers.removed(ref, object),
    });
    this.#monitors.set(key, { ref, informer, own, unhook });
    own?.start();
  }

  #stop(key: string, monitor: Monitor): void {
    monitor.unhook();
    monitor.own?.stop();
    this.#monitors.delete(key);
  }

  stop(): void {
    for (const [key, monitor] of this.#monitors) this.#stop(key, monitor);
  }

  /** All informers of now have their first state, or `ms` have passed: one resource that fails must not hold the rest up. */
  async whenSynced(ms: number, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const waiting = [...this.#monitors.values()].filter((m) => !m.informer.synced);
    const enough = new AbortController();
    const timer = clock.setTimeout(() => enough.abort(new Error("timed out")), ms);
    try {
      await Promise.all(waiting.map((m) => m.informer.whenSynced(AbortSignal.any([signal, enough.signal]))));
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn("not all resources could be listed", { resources: waiting.filter((m) => !m.informer.synced).map((m) => keyOf(m.ref)) });
    } finally {
      timer.cancel();
    }
  }

  resourceOf(apiVersion: string, kind: string): ResourceRef | undefined {
    return this.#kinds.get(`${apiVersion}/${kind}`);
  }

  /** From a cache; undefined when there is none for the kind, or it does not have it. */
  cached(ref: ResourceRef, namespace: string, name: string): KubeObject | undefined {
    return this.#monitors.get(keyOf(ref))?.informer.lister.get(ref.namespaced ? namespace : "", name);
  }
}
