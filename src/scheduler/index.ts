/** Where pods go. {@link startScheduler} is all that others need; the pure parts are tested on their own. */
import { actionRecorder } from "../client/action-recorder.ts";
import type { ControllerContext } from "../operator/controller.ts";
import { namespaces, pods } from "../schema/types/core-v1.ts";
import { poddisruptionbudgets } from "../schema/types/policy-v1.ts";
import { SchedulerCache } from "./cache.ts";
import { follow, volumeView } from "./informers.ts";
import { schedulerMetrics } from "./metrics.ts";
import { defaultPlugins } from "./plugins/index.ts";
import { SchedulingQueue } from "./queue.ts";
import { SchedulingLoop } from "./scheduler.ts";
import { defaultSpreadSelectors } from "./spread-selector.ts";

export interface SchedulerOptions {
  /** Pods with this `spec.schedulerName` are this scheduler's. `default-scheduler` when absent. */
  readonly schedulerName?: string;
  /** Who it acts as; `system:kube-scheduler` when absent, the context's own client when `null`. */
  readonly identity?: string | null;
  /** Ends ties between nodes. */
  readonly random?: () => number;
  /** Nodes to find before scoring, in percent; 0 or absent: fewer the more there are, as upstream. */
  readonly percentageOfNodesToScore?: number;
  /** Milliseconds; 1000 and 10 000 when absent. */
  readonly initialBackoff?: number;
  readonly maxBackoff?: number;
}

/** Schedules until the context's signal aborts. Resolves then. */
export async function startScheduler(context: ControllerContext, options: SchedulerOptions = {}): Promise<void> {
  const { clock, informers, metrics, signal } = context;
  const name = options.schedulerName ?? "default-scheduler";
  const identity = options.identity === undefined ? "system:kube-scheduler" : options.identity;
  const client = identity === null ? context.client : context.client.as({ name: identity, userAgent: "kube-scheduler" });
  const log = context.log.child("scheduler");
  const namespaceLister = informers.informer(namespaces).lister;
  const cache = new SchedulerCache({
    namespaceLabels: (namespace) => namespaceLister.get("", namespace)?.metadata?.labels,
    defaultSpreadSelector: defaultSpreadSelectors(informers),
    volumes: volumeView(informers),
  });
  const plugins = new Map(defaultPlugins.map((plugin) => [plugin.name, plugin]));
  const queue = new SchedulingQueue({
    clock,
    ...(options.initialBackoff === undefined ? {} : { initialBackoff: options.initialBackoff }),
    ...(options.maxBackoff === undefined ? {} : { maxBackoff: options.maxBackoff }),
    // A pod that no plugin has rejected waits for anything at all.
    helps: (event, pod, rejectedBy) =>
      event.type === "Flush" || rejectedBy.size === 0 || [...rejectedBy].some((p) => plugins.get(p)?.helps?.(event, pod) === true),
    onReady: () => loop.wake(),
  });
  const loop = new SchedulingLoop({
    name,
    client,
    clock,
    log,
    cache,
    queue,
    plugins: defaultPlugins,
    events: actionRecorder(client, name, { clock, log, signal }),
    metrics: schedulerMetrics(
      metrics,
      () => queue.sizes,
      () => cache.sizes,
    ),
    pods: informers.informer(pods).lister,
    budgets: informers.informer(poddisruptionbudgets).lister,
    random: options.random ?? Math.random,
    percentageOfNodesToScore: options.percentageOfNodesToScore,
    signal,
  });
  follow(informers, cache, queue, (pod) => (pod.spec?.schedulerName ?? "default-scheduler") === name);
  informers.start();
  try {
    await informers.whenSynced(signal);
    await loop.run();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    queue.stop();
  }
}
