/** Wiring of the namespace controller. */
import { hasReason } from "../../core/api-error.ts";
import type { Client } from "../../client/client.ts";
import type { Controller, ReconcileResult } from "../../operator/controller.ts";
import { updateWithRetry } from "../../operator/update.ts";
import { namespaces, pods, type Namespace } from "../../schema/types/core-v1.ts";
import { deletionConditions } from "./conditions.ts";
import { deleteContent } from "./delete-content.ts";
import type { ControllerContext } from "../../operator/controller.ts";

export interface NamespaceOptions {
  /**
   * Milliseconds between the deletion and the first look. Several API servers need some (upstream: 5,000), until each of
   * them refuses new objects; a single one needs none. Default 0.
   */
  readonly delay?: number;
}

/** Empties namespaces that are deleted, then lets them go. */
export function namespaceController({ delay = 0 }: NamespaceOptions = {}): Controller {
  return {
    name: "namespace-controller",
    workers: 10,
    setup(context, queue) {
      const informer = context.informers.informer(namespaces);
      const podInformer = context.informers.informer(pods);
      const enqueue = (namespace: Namespace): void => {
        if (namespace.metadata?.deletionTimestamp === undefined) return;
        if (delay === 0) queue.add(namespace.metadata.name ?? "");
        else queue.addAfter(namespace.metadata.name ?? "", delay);
      };
      informer.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      // The last pod's end is what a terminating namespace most often waits for.
      podInformer.addHandlers({
        onDelete: (pod) => {
          const name = pod.metadata?.namespace ?? "";
          const namespace = informer.lister.get("", name);
          if (namespace?.metadata?.deletionTimestamp !== undefined && podInformer.lister.list(name).length === 0) enqueue(namespace);
        },
      });
      return (key, signal) => (informer.lister.get("", key) === undefined ? undefined : empty(context, key, signal));
    },
  };
}

async function empty(context: ControllerContext, name: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { client, clock } = context;
  let namespace = await getNamespace(client, name, signal);
  if (namespace?.metadata?.deletionTimestamp === undefined || (namespace.spec?.finalizers ?? []).length === 0) return {};
  if (namespace.status?.phase !== "Terminating") {
    const status = { ...namespace.status, phase: "Terminating" };
    namespace = await client.resource(namespaces).updateStatus({ ...namespace, status }, { signal });
  }
  const result = await deleteContent(client, namespace, clock.now(), signal);
  await report(context, namespace, result, signal);
  if (result.failure !== undefined) throw new Error(result.failure);
  if (result.estimate > 0) return { requeueAfter: (Math.floor(result.estimate / 2) + 1) * 1000 };
  await finalize(client, name, namespace.metadata?.uid, signal);
  return {};
}

async function getNamespace(client: Client, name: string, signal: AbortSignal): Promise<Namespace | undefined> {
  try {
    return await client.resource(namespaces).get(name, { signal });
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Conditions are for people: failing to write them does not hold the deletion up. */
async function report(
  { client, clock, log }: ControllerContext,
  namespace: Namespace,
  state: Parameters<typeof deletionConditions>[1],
  signal: AbortSignal,
): Promise<void> {
  const nothingToSay = state.remaining.length === 0 && state.errors.length === 0 && state.discoveryFailures.size === 0;
  if (nothingToSay && namespace.status?.conditions === undefined) return;
  try {
    await updateWithRetry(
      client,
      namespaces,
      namespace,
      (draft) => {
        const present = draft.status?.conditions ?? [];
        const conditions = deletionConditions(present, state, clock.now());
        if (conditions === present) return false;
        draft.status = { ...draft.status, conditions: [...conditions] };
        return true;
      },
      { subresource: "status", ignoreNotFound: true, signal },
    );
  } catch (error) {
    log.warn("could not write the conditions of a namespace", { namespace: namespace.metadata?.name, error });
  }
}

/** Takes our finalizer away, through the only way there is to change it. */
async function finalize(client: Client, name: string, uid: string | undefined, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const namespace = await getNamespace(client, name, signal);
    if (namespace === undefined || namespace.metadata?.uid !== uid) return;
    const finalizers = (namespace.spec?.finalizers ?? []).filter((f) => f !== "kubernetes");
    const { finalizers: _old, ...spec } = namespace.spec ?? {};
    const body: Namespace = { ...namespace, spec: finalizers.length === 0 ? spec : { ...spec, finalizers } };
    try {
      await client.resource(namespaces).updateSubresource(name, "finalize", body, { signal });
      return;
    } catch (error) {
      if (hasReason(error, "NotFound")) return;
      if (!hasReason(error, "Conflict") || attempt >= 5) throw error;
    }
  }
}
