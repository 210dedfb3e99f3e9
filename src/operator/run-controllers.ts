/** Runs controllers: each with its own identity, queue, workers and event source; informers are shared. */
import { isApiError } from "../core/api-error.ts";
import type { Gauge } from "../core/metrics.ts";
import { WorkQueue } from "../core/work-queue.ts";
import { eventRecorder } from "../client/event-recorder.ts";
import type { Informer, InformerFactory } from "../client/informer.ts";
import type { Controller, ControllerContext, Reconcile } from "./controller.ts";

export interface RunControllersOptions {
  /**
   * Act as the service account `identity` in this namespace, as kube-controller-manager does with one credential a
   * controller; `kube-system` when absent. `null`: everything under the context's own identity.
   */
  serviceAccountNamespace?: string | null;
  /** The label `manager` of `running_managed_controllers`; `kube-controller-manager` when absent. */
  manager?: string;
}

/**
 * Sets every controller up, starts the informers they asked for, and works until the context's signal aborts; then waits
 * for reconciles that run. A controller starts when its own informers have synced.
 */
export async function runControllers(
  context: ControllerContext,
  controllers: readonly Controller[],
  options: RunControllersOptions = {},
): Promise<void> {
  const running = context.metrics.gauge("running_managed_controllers", "Controllers that run now.", ["manager", "name"]);
  const ready = controllers.map((controller) => prepare(context, controller, options));
  context.informers.start();
  await Promise.all(ready.map((one) => one.run(running, options.manager ?? "kube-controller-manager")));
}

interface Prepared {
  run(running: Gauge, manager: string): Promise<void>;
}

function prepare(context: ControllerContext, controller: Controller, options: RunControllersOptions): Prepared {
  const { clock, metrics, signal } = context;
  const namespace = options.serviceAccountNamespace === undefined ? "kube-system" : options.serviceAccountNamespace;
  const client =
    namespace === null || controller.identity === null
      ? context.client
      : context.client.as({ name: `system:serviceaccount:${namespace}:${controller.identity ?? controller.name}` });
  const log = context.log.child(controller.name);
  const asked = new Set<Informer<object>>();
  const queue = new WorkQueue<string>({ clock, metrics, name: controller.name });
  const own: ControllerContext = {
    ...context,
    client,
    log,
    informers: remembering(context.informers, asked),
    events: eventRecorder(client, controller.eventSource ?? controller.name, { clock, log, signal }),
  };
  const reconcile = controller.setup(own, queue);
  signal.addEventListener("abort", () => queue.stop(), { once: true });
  if (signal.aborted) queue.stop();
  return {
    run: async (running, manager) => {
      const labels = { manager, name: controller.name };
      try {
        await Promise.all([...asked].map((informer) => informer.whenSynced(signal)));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      running.set(1, labels);
      await Promise.all(Array.from({ length: controller.workers ?? 5 }, () => work(own, queue, reconcile)));
      running.set(0, labels);
    },
  };
}

/** The shared factory, noting who asks for what. Informers asked for later start with the next `start`. */
function remembering(informers: InformerFactory, asked: Set<Informer<object>>): InformerFactory {
  return {
    informer: (ref, options) => {
      const informer = informers.informer(ref, options);
      asked.add(informer as unknown as Informer<object>);
      return informer;
    },
    start: () => informers.start(),
    whenSynced: (signal) => informers.whenSynced(signal),
    stop: () => informers.stop(),
  };
}

async function work(context: ControllerContext, queue: WorkQueue<string>, reconcile: Reconcile): Promise<void> {
  for (;;) {
    const key = await queue.get();
    if (key === undefined) return;
    // What waits when the signal aborts is dropped: it will be found again.
    if (!context.signal.aborted) await once(context, queue, reconcile, key);
    queue.done(key);
  }
}

async function once(context: ControllerContext, queue: WorkQueue<string>, reconcile: Reconcile, key: string): Promise<void> {
  try {
    const result = await reconcile(key, context.signal);
    queue.forget(key);
    if (result?.requeueAfter !== undefined) queue.addAfter(key, result.requeueAfter);
  } catch (error) {
    if (context.signal.aborted) return;
    const retries = queue.retries(key);
    // Conflicts are how optimistic locking works; they are news only when they do not go away.
    const level = isApiError(error) && error.code === 409 && retries < 5 ? "debug" : "warn";
    context.log[level]("reconciling failed", { key, retries, error });
    queue.addRateLimited(key);
  }
}
