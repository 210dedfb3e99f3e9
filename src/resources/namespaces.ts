/**
 * Namespaces end in two steps (`pkg/registry/core/namespace`): a delete sets the deletion time and the phase Terminating, the
 * namespace controller empties the namespace and takes `kubernetes` out of `spec.finalizers`, and the delete after that
 * removes the object.
 */
import type { Strategy } from "../apiserver/resource.ts";
import type { Namespace } from "../schema/types/core-v1.ts";
import type { Special, SubresourceMaker } from "./special.ts";
import { copyField, statusStrategyOf } from "./strategy/from-kind.ts";

const finalize: SubresourceMaker = (served, kind, traits) => {
  const base = statusStrategyOf(kind, traits);
  return {
    type: "object",
    verbs: served.verbs,
    strategy: {
      ...base,
      prepareForUpdate: (_context, object, old) => copyField(object, old, "status"),
      validateUpdate: (_context, object, old) => kind?.validateUpdate?.(object, old) ?? [],
    },
  };
};

export const namespaces: Special = {
  strategy: (base): Strategy => ({
    ...base,
    prepareForCreate: (context, object) => {
      base.prepareForCreate?.(context, object);
      const namespace = object as Namespace;
      namespace.status = { phase: "Active" };
      const finalizers = namespace.spec?.finalizers ?? [];
      if (!finalizers.includes("kubernetes")) namespace.spec = { ...namespace.spec, finalizers: [...finalizers, "kubernetes"] };
    },
    prepareForUpdate: (context, object, old) => {
      base.prepareForUpdate?.(context, object, old);
      const namespace = object as Namespace;
      const before = old as Namespace;
      if (before.spec?.finalizers === undefined) namespace.spec = {};
      else namespace.spec = { ...namespace.spec, finalizers: before.spec.finalizers };
      if (before.status === undefined) delete namespace.status;
      else namespace.status = before.status;
    },
    holdsDeletion: (object) => ((object as Namespace).spec?.finalizers ?? []).length > 0,
    markDeleted: (_context, object) => {
      const namespace = object as Namespace;
      namespace.status = { ...namespace.status, phase: "Terminating" };
    },
  }),
  subresources: { finalize },
};
