/** Wiring of the endpoint slice mirroring. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { objectKey, splitKey, type KubeObject } from "../../schema/object.ts";
import { endpoints, services } from "../../schema/types/core-v1.ts";
import { SliceWriter } from "../endpointslice/slice-writer.ts";
import { managedByLabel } from "../endpoints/plan.ts";
import { messageOf } from "../ownership.ts";
import { triggerTimeAnnotation } from "../service-pods.ts";
import { typed } from "../typed.ts";
import { mirrorManager, planMirror, shouldMirror } from "./plan.ts";

export interface MirroringOptions {
  /** Endpoints a slice; 1000 when absent. */
  readonly maxEndpoints?: number;
}

export function endpointSliceMirroringController({ maxEndpoints = 1000 }: MirroringOptions = {}): Controller {
  return {
    name: "endpointslice-mirroring-controller",
    identity: "endpointslicemirroring-controller",
    eventSource: "endpoint-slice-mirroring-controller",
    workers: 5,
    setup(context, queue) {
      const { informers, events } = context;
      const sources = informers.informer(endpoints);
      const serviceInformer = informers.informer(services);
      const writer = new SliceWriter(context, queue, mirrorManager);
      const enqueue = (object: KubeObject): void => {
        // Those of the endpoints controller belong to services with selectors: nothing to mirror, and the busiest of all.
        if (object.metadata?.labels?.[managedByLabel] === undefined) queue.add(objectKey(object));
      };
      sources.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      serviceInformer.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      return async (key, signal) => {
        const { namespace, name } = splitKey(key);
        const source = sources.lister.get(namespace, name);
        const existing = writer.present(key);
        if (existing === undefined) return SliceWriter.comeBack;
        const mirrored = source !== undefined && shouldMirror(source, serviceInformer.lister.get(namespace, name));
        if (!mirrored && existing.length === 0) {
          writer.forget(key);
          return {};
        }
        const plan = mirrored ? planMirror(source, existing, maxEndpoints) : { create: [], update: [], remove: existing };
        try {
          await writer.write(key, namespace, plan, source?.metadata?.annotations?.[triggerTimeAnnotation], signal);
        } catch (error) {
          if (source !== undefined && !(error instanceof Error && hasReason(error.cause, "Conflict"))) {
            const message = `Error updating EndpointSlices for ${key}: ${messageOf(error)}`;
            events.event(typed(endpoints, source), "Warning", "FailedToUpdateEndpointSlices", message);
          }
          throw error;
        }
        return {};
      };
    },
  };
}
