/** Wiring of the service account controller: every active namespace has an account `default`. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { namespaces, serviceaccounts, type Namespace } from "../../schema/types/core-v1.ts";
import { namespaceTerminates } from "../typed.ts";

const wanted = ["default"];

/** Which of the accounts that every namespace has are to be made. */
export function missingAccounts(namespace: Namespace | undefined, exists: (name: string) => boolean): string[] {
  return namespace?.status?.phase === "Active" ? wanted.filter((name) => !exists(name)) : [];
}

export function serviceAccountController(): Controller {
  return {
    name: "serviceaccount-controller",
    identity: "service-account-controller",
    workers: 1,
    setup({ client, informers }, queue) {
      const all = informers.informer(namespaces);
      const accounts = informers.informer(serviceaccounts);
      const enqueue = (namespace: Namespace): void => queue.add(namespace.metadata?.name ?? "");
      all.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      accounts.addHandlers({ onDelete: (account) => queue.add(account.metadata?.namespace ?? "") });
      return async (key, signal) => {
        for (const name of missingAccounts(all.lister.get("", key), (n) => accounts.lister.get(key, n) !== undefined)) {
          try {
            await client
              .resource(serviceaccounts, key)
              .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: key } }, { signal });
          } catch (error) {
            if (!hasReason(error, "AlreadyExists") && !namespaceTerminates(error)) throw error;
          }
        }
      };
    },
  };
}
