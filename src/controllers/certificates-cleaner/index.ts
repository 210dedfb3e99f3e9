/** Removes signing requests that are over, once an hour. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { certificatesigningrequests } from "../../schema/types/certificates-v1.ts";
import { isOver } from "./plan.ts";

const everyHour = 3_600_000;

export function certificateCleanerController(): Controller {
  return {
    name: "certificatesigningrequest-cleaner-controller",
    identity: "certificate-controller",
    workers: 1,
    setup({ client, informers, clock, log }, queue) {
      const informer = informers.informer(certificatesigningrequests);
      queue.add("all");
      return async (_, signal) => {
        for (const request of informer.lister.list()) {
          if (!isOver(request, clock.now())) continue;
          const name = request.metadata?.name ?? "";
          try {
            await client.resource(certificatesigningrequests).delete(name, { signal });
          } catch (error) {
            if (!hasReason(error, "NotFound")) log.warn("a signing request that is over could not be removed", { error, request: name });
          }
        }
        return { requeueAfter: everyHour };
      };
    },
  };
}
