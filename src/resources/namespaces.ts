/**
 * Namespaces end in two steps (`pkg/registry/core/namespace`): a delete sets the deletion time and the phase Terminating, the
 * namespace controller empties the namespace and takes `kubernetes` out of `spec.finalizers`, and the write after that
 * removes the object.
 */
import type { Namespace } from "../schema/types/core-v1.ts";
import type { Special } from "./special.ts";

export const namespaces: Special = {
  strategy: (base) => ({
    ...base,
    // The first delete only begins the end, even where no finalizer waits for it.
    holdsDeletion: (object) =>
      object.metadata?.deletionTimestamp === undefined || ((object as Namespace).spec?.finalizers ?? []).length > 0,
    markDeleted: (_context, object) => {
      const namespace = object as Namespace;
      // There is nothing to wait for but the controller: upstream gives no period.
      delete namespace.metadata?.deletionGracePeriodSeconds;
      namespace.status = { ...namespace.status, phase: "Terminating" };
    },
  }),
};
