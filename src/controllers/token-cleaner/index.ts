/** Removes bootstrap tokens when they end. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { type Secret, secrets } from "../../schema/types/core-v1.ts";
import { bootstrapTokenLeft, bootstrapTokenType } from "../bootstrap-tokens.ts";

const namespace = "kube-system";

export function tokenCleanerController(): Controller {
  return {
    name: "token-cleaner-controller",
    identity: "token-cleaner",
    workers: 1,
    setup({ client, informers, clock }, queue) {
      const informer = informers.informer(secrets, { fieldSelector: `type=${bootstrapTokenType}` });
      const enqueue = ({ metadata }: Secret): void => {
        if (metadata?.namespace === namespace) queue.add(metadata.name ?? "");
      };
      informer.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      return async (key, signal) => {
        const secret = informer.lister.get(namespace, key);
        if (secret === undefined) return undefined;
        const left = bootstrapTokenLeft(secret, clock.now());
        if (left === undefined) return undefined;
        if (left > 0) return { requeueAfter: left };
        const uid = secret.metadata?.uid;
        try {
          await client.resource(secrets, namespace).delete(key, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
        } catch (error) {
          if (!hasReason(error, "NotFound", "Conflict")) throw error;
        }
        return undefined;
      };
    },
  };
}
