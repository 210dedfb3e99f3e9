/** Wiring of the endpoints controller. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { endpoints, pods, services, type Service } from "../../schema/types/core-v1.ts";
import { messageOf } from "../ownership.ts";
import { collectingTime, podsOfService, publishesPods, TriggerTimes, watchServicePods } from "../service-pods.ts";
import { namespaceTerminates, typed } from "../typed.ts";
import { planEndpoints } from "./plan.ts";

/** An election that a client keeps in an Endpoints object: not ours to remove. */
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

export function endpointsController(): Controller {
  return {
    name: "endpoints-controller",
    identity: "endpoint-controller",
    eventSource: "endpoint-controller",
    workers: 5,
    setup({ client, informers, events }, queue) {
      const serviceInformer = informers.informer(services);
      const podInformer = informers.informer(pods);
      const present = informers.informer(endpoints);
      const times = new TriggerTimes();
      const enqueue = (service: Service): void => queue.add(objectKey(service));
      serviceInformer.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      const sizes = new Map<string, number>();
      watchServicePods(serviceInformer, podInformer, (key) => queue.addAfter(key, collectingTime(sizes.get(key) ?? 0)));
      present.addHandlers({
        // What a service that went away while we did not run has left behind.
        onAdd: (object, initial) => {
          if (initial && object.metadata?.annotations?.[leaderAnnotation] === undefined) queue.add(objectKey(object));
        },
        onDelete: (object) => queue.add(objectKey(object)),
      });
      return async (key, signal) => {
        const { namespace, name } = splitKey(key);
        const service = serviceInformer.lister.get(namespace, name);
        const target = client.resource(endpoints, namespace);
        const current = present.lister.get(namespace, name);
        if (service === undefined) {
          times.forget(key);
          sizes.delete(key);
          if (current !== undefined) await target.delete(name, { signal }).catch(ignoreMissing);
          return;
        }
        if (!publishesPods(service)) return;
        const members = podsOfService(podInformer.lister, service);
        sizes.set(key, members.length);
        const wanted = planEndpoints({ service, pods: members, present: current, since: times.since(service, members) });
        if (wanted === undefined) return;
        try {
          if (current === undefined) await target.create(wanted, { signal });
          else await target.update(wanted, { signal });
        } catch (error) {
          if (namespaceTerminates(error)) return;
          // The cache is behind: the key comes back, and there is nothing to tell.
          if (!hasReason(error, "Conflict", "AlreadyExists")) {
            const about = typed(endpoints, wanted);
            if (current === undefined) {
              events.event(about, "Warning", "FailedToCreateEndpoint", `Failed to create endpoint for service ${key}: ${messageOf(error)}`);
            } else events.event(about, "Warning", "FailedToUpdateEndpoint", `Failed to update endpoint ${key}: ${messageOf(error)}`);
          }
          throw error;
        }
      };
    },
  };
}

function ignoreMissing(error: unknown): void {
  if (!hasReason(error, "NotFound")) throw error;
}
