/** Removes requests for pods' certificates that are a quarter of an hour old. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { podcertificaterequests } from "../../schema/types/certificates-v1beta1.ts";

const oldAge = 15 * 60_000;
const interval = 5 * 60_000;

export function podCertificateRequestCleanerController(): Controller {
  return {
    name: "podcertificaterequest-cleaner-controller",
    identity: "podcertificaterequestcleaner",
    workers: 1,
    setup({ client, informers, clock, log }, queue) {
      const informer = informers.informer(podcertificaterequests);
      queue.add("all");
      return async (_, signal) => {
        for (const request of informer.lister.list()) {
          const { namespace = "", name = "", uid, creationTimestamp = "" } = request.metadata ?? {};
          if (clock.now() < Date.parse(creationTimestamp) + oldAge) continue;
          try {
            const preconditions = uid === undefined ? {} : { preconditions: { uid } };
            await client.resource(podcertificaterequests, namespace).delete(name, { signal, ...preconditions });
          } catch (error) {
            if (!hasReason(error, "NotFound")) log.warn("an old request could not be removed", { error, request: `${namespace}/${name}` });
          }
        }
        return { requeueAfter: interval };
      };
    },
  };
}
