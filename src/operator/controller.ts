/**
 * The reconcile contract, on which the built-in controllers are written and which operators get.
 *
 * `reconcile` is called with a key, never with an event: it reads the present state (from listers), works out what should
 * be, writes the difference, and returns. It may be called at any time and any number of times for the same key; never
 * twice at once for one key. A thrown error puts the key back with exponential delay (5 ms to 1,000 s, as client-go's
 * default limiter); a result with `requeueAfter` puts it back once. Nothing else is remembered between calls, unless the
 * controller says so in its own README.
 */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import type { Client } from "../client/client.ts";
import type { InformerFactory } from "../client/informer.ts";
import type { EventRecorder } from "../client/events.ts";

export interface ReconcileResult {
  /** Milliseconds until the key comes back even if nothing changes. */
  requeueAfter?: number;
}

/** What every component is given: nothing is global. */
export interface ControllerContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly events: EventRecorder;
  readonly signal: AbortSignal;
}

/** A loop with a queue of keys. `setup` asks for informers and says which keys their events put into the queue. */
export interface Controller {
  /** Upstream's name: `deployment-controller`. Its identity, event source and metrics label. */
  readonly name: string;
  /** The service account in kube-system it acts as; {@link Controller.name} when absent. `null`: the manager itself. */
  readonly identity?: string | null;
  /** The component its events name as their source; {@link Controller.name} when absent. */
  readonly eventSource?: string;
  /** Parallel reconciles; upstream's default concurrency when absent. */
  readonly workers?: number;
  setup(context: ControllerContext, queue: KeyQueue): Reconcile;
}

export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | void> | ReconcileResult | void;

export interface KeyQueue {
  add(key: string): void;
  addAfter(key: string, ms: number): void;
  /** With the key's exponential delay. */
  addRateLimited(key: string): void;
}
