/** Wiring of the endpoint slice controller. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { nodes, pods, services, type Service } from "../../schema/types/core-v1.ts";
import { messageOf } from "../ownership.ts";
import { collectingTime, podsOfService, publishesPods, TriggerTimes, watchServicePods } from "../service-pods.ts";
import { typed } from "../typed.ts";
import { manager, planSlices } from "./plan.ts";
import { SliceWriter } from "./slice-writer.ts";

export interface EndpointSliceOptions {
  /** Endpoints a slice; 100 when absent. */
  readonly maxEndpoints?: number;
}

/** A pod whose node is unknown is looked at again after this, twice as long each time (milliseconds). */
const firstRetry = 1000;
const lastRetry = 1_000_000;

export function endpointSliceController({ maxEndpoints = 100 }: EndpointSliceOptions = {}): Controller {
  return {
    name: "endpointslice-controller",
    eventSource: "endpoint-slice-controller",
    workers: 5,
    setup(context, queue) {
      const { informers, events } = context;
      const serviceInformer = informers.informer(services);
      const podInformer = informers.informer(pods);
      const nodeInformer = informers.informer(nodes);
      const writer = new SliceWriter(context, queue, manager);
      const times = new TriggerTimes();
      // Services with pods on nodes that are unknown, and how often they were looked at in vain.
      const held = new Map<string, number>();
      nodeInformer.addHandlers({
        onAdd: () => {
          for (const key of held.keys()) queue.add(key);
        },
      });
      const enqueue = (service: Service): void => queue.add(objectKey(service));
      serviceInformer.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      const sizes = new Map<string, number>();
      watchServicePods(serviceInformer, podInformer, (key) => queue.addAfter(key, collectingTime(sizes.get(key) ?? 0)));
      return async (key, signal) => {
        const { namespace, name } = splitKey(key);
        const service = serviceInformer.lister.get(namespace, name);
        if (service === undefined) {
          times.forget(key);
          writer.forget(key);
          held.delete(key);
          sizes.delete(key);
          return {};
        }
        if (!publishesPods(service)) return {};
        const existing = writer.present(key);
        if (existing === undefined) return SliceWriter.comeBack;
        const members = podsOfService(podInformer.lister, service);
        sizes.set(key, members.length);
        const plan = planSlices({ service, pods: members, existing, node: (n) => nodeInformer.lister.get("", n), maxEndpoints });
        const tell = (why: string): void => {
          const message = `Error updating Endpoint Slices for Service ${key}: ${why}`;
          events.event(typed(services, service), "Warning", "FailedToUpdateEndpointSlices", message);
        };
        try {
          await writer.write(key, namespace, plan, times.since(service, members), signal);
        } catch (error) {
          // A conflict says only that the cache is behind.
          if (!(error instanceof Error && hasReason(error.cause, "Conflict"))) tell(messageOf(error));
          throw error;
        }
        if (plan.problems.length === 0) {
          held.delete(key);
          return {};
        }
        tell(plan.problems.length === 1 ? (plan.problems[0] ?? "") : `[${plan.problems.join(", ")}]`);
        const tries = held.get(key) ?? 0;
        held.set(key, tries + 1);
        return { requeueAfter: Math.min(firstRetry * 2 ** tries, lastRetry) };
      };
    },
  };
}
