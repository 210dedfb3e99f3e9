/** Carries a plan of slices out, and waits for the cache in between. */
import { hasReason } from "../../core/api-error.ts";
import type { Informer } from "../../client/informer.ts";
import type { ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import { endpointslices, type EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { messageOf } from "../ownership.ts";
import { triggerTimeAnnotation } from "../service-pods.ts";
import { namespaceTerminates, typed } from "../typed.ts";
import type { SlicePlan } from "./pack.ts";
import { managedByLabel, serviceNameLabel } from "./plan.ts";
import { WrittenSlices } from "./written-slices.ts";

/** A slice that someone else changed is put right after this, not at once: two who disagree must not fill the server (milliseconds). */
const foreignChangeDelay = 1000;
/** How long to wait for the cache when no event comes (milliseconds). */
const staleDelay = 1000;

export class SliceWriter {
  readonly #context: ControllerContext;
  readonly #written: WrittenSlices;
  readonly #informer: Informer<EndpointSlice>;
  readonly #manager: string;

  /** `manager`: whose slices these are. The queue's keys are `namespace/service`. */
  constructor(context: ControllerContext, queue: KeyQueue, manager: string) {
    this.#context = context;
    this.#written = new WrittenSlices(context.clock);
    this.#informer = context.informers.informer(endpointslices);
    this.#manager = manager;
    this.#informer.addIndex(`controllers/slices-of-${manager}`, (slice) => {
      const key = this.#serviceOf(slice);
      return key === undefined ? [] : [key];
    });
    const changed = (slice: EndpointSlice): void => {
      const key = this.#serviceOf(slice);
      if (key === undefined) return;
      if (this.#written.expects(key, slice)) {
        // The reconcile that was put off for this goes on.
        if (this.#written.shown(key, this.#informer.lister)) this.#resume(key, queue);
      } else queue.addAfter(key, foreignChangeDelay);
    };
    this.#informer.addHandlers({
      onAdd: changed,
      onUpdate: (slice, old) => {
        const before = this.#serviceOf(old);
        if (before !== undefined && before !== this.#serviceOf(slice)) queue.addAfter(before, foreignChangeDelay);
        changed(slice);
      },
      onDelete: (slice) => {
        const key = this.#serviceOf(slice);
        if (key === undefined) return;
        const ours = this.#written.expects(key, slice);
        this.#written.gone(key, slice);
        if (!ours) queue.addAfter(key, foreignChangeDelay);
        else if (this.#written.shown(key, this.#informer.lister)) this.#resume(key, queue);
      },
    });
  }

  readonly #waiting = new Set<string>();

  #resume(key: string, queue: KeyQueue): void {
    if (this.#waiting.delete(key)) queue.add(key);
  }

  #serviceOf(slice: EndpointSlice): string | undefined {
    const { labels, namespace = "" } = slice.metadata ?? {};
    const name = labels?.[serviceNameLabel];
    return name && labels?.[managedByLabel] === this.#manager ? `${namespace}/${name}` : undefined;
  }

  /** Slices of the service, those that are being deleted left out; undefined while the cache is behind: come back. */
  present(key: string): EndpointSlice[] | undefined {
    if (!this.#written.shown(key, this.#informer.lister)) {
      this.#waiting.add(key);
      return undefined;
    }
    this.#waiting.delete(key);
    const slices = this.#informer.lister.byIndex(`controllers/slices-of-${this.#manager}`, key);
    return slices.filter((s) => s.metadata?.deletionTimestamp === undefined);
  }

  /** What a reconcile returns when {@link SliceWriter.present} has no answer. */
  static readonly comeBack: ReconcileResult = { requeueAfter: staleDelay };

  forget(key: string): void {
    this.#written.forget(key);
    this.#waiting.delete(key);
  }

  /** `since`: the trigger time that written slices carry. Errors name the service. */
  async write(key: string, namespace: string, plan: SlicePlan, since: string | undefined, signal: AbortSignal): Promise<void> {
    const client = this.#context.client.resource(endpointslices, namespace);
    try {
      for (const slice of plan.create) this.#written.wrote(key, await client.create(stamped(slice, since), { signal }));
    } catch (error) {
      if (namespaceTerminates(error)) return;
      throw new Error(`failed to create EndpointSlice for Service ${key}: ${messageOf(error)}`, { cause: error });
    }
    for (const slice of plan.update) {
      await this.#attempt("update", key, slice, async () => {
        this.#written.wrote(key, await client.update(stamped(slice, since), { signal }));
      });
    }
    for (const slice of plan.remove) {
      await this.#attempt("delete", key, slice, async () => {
        this.#written.removed(key, slice);
        await client.delete(slice.metadata?.name ?? "", { signal });
      });
    }
  }

  async #attempt(verb: string, key: string, slice: EndpointSlice, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#written.gone(key, slice);
      if (verb === "delete" && hasReason(error, "NotFound")) return;
      throw new Error(`failed to ${verb} ${slice.metadata?.name ?? ""} EndpointSlice for Service ${key}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function stamped(slice: EndpointSlice, since: string | undefined): EndpointSlice {
  const { annotations, ...metadata } = slice.metadata ?? {};
  const { [triggerTimeAnnotation]: _old, ...kept } = annotations ?? {};
  const next = since === undefined ? kept : { ...kept, [triggerTimeAnnotation]: since };
  return typed(endpointslices, { ...slice, metadata: Object.keys(next).length === 0 ? metadata : { ...metadata, annotations: next } });
}
