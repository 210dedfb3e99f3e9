/** Wiring of the root certificate publisher. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { configmaps, namespaces, type ConfigMap } from "../../schema/types/core-v1.ts";
import { namespaceTerminates, typed } from "../typed.ts";
import { planRootCa, rootCaName } from "./plan.ts";

export interface RootCaOptions {
  /** PEM certificates by which pods verify the API server. */
  readonly certificates: string;
}

export function rootCaController({ certificates }: RootCaOptions): Controller {
  return {
    name: "root-ca-certificate-publisher-controller",
    identity: "root-ca-cert-publisher",
    workers: 1,
    setup({ client, informers }, queue) {
      const maps = informers.informer(configmaps, { fieldSelector: `metadata.name=${rootCaName}` });
      const enqueue = (map: ConfigMap): void => queue.add(map.metadata?.namespace ?? "");
      maps.addHandlers({ onUpdate: enqueue, onDelete: enqueue });
      const all = informers.informer(namespaces);
      all.addHandlers({
        onAdd: (namespace) => queue.add(namespace.metadata?.name ?? ""),
        onUpdate: (namespace) => {
          if (namespace.status?.phase === "Active") queue.add(namespace.metadata?.name ?? "");
        },
      });
      return async (key, signal) => {
        if (all.lister.get("", key)?.metadata?.deletionTimestamp !== undefined) return;
        const write = planRootCa(key, maps.lister.get(key, rootCaName), certificates);
        if (write === undefined) return;
        const target = client.resource(configmaps, key);
        try {
          if (write.verb === "create") await target.create(write.configMap, { signal });
          else await target.update(typed(configmaps, write.configMap), { signal });
        } catch (error) {
          if (!hasReason(error, "NotFound", "AlreadyExists") && !namespaceTerminates(error)) throw error;
        }
      };
    },
  };
}
