/** A CustomResourceDefinition outlives its deletion until its instances are gone: `apiserver/crd` releases it. */
import { cleanupFinalizer, setCondition, terminating } from "../apiserver/crd/conditions.ts";
import { nameIsDnsSubdomain } from "../kinds/formats.ts";
import { validateGenericObjectMeta, validateGenericObjectMetaUpdate } from "../kinds/object-meta.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { CustomResourceDefinition } from "../schema/types/apiextensions-v1.ts";
import { upgradeDefinition } from "./custom-resource-definition-v1beta1.ts";
import type { Special } from "./special.ts";

const pending = terminating(
  "True",
  "InstanceDeletionPending",
  "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
);

export const customResourceDefinitions: Special = {
  upgradeStored: upgradeDefinition,
  // Finalizers need no path here: the cleanup one has none.
  strategy: (base, kind) => ({
    ...base,
    validateCreate: (_context, object) => [
      ...validateGenericObjectMeta(object.metadata, false, kind?.validateName?.bind(kind) ?? nameIsDnsSubdomain),
      ...(kind?.validateCreate?.(object) ?? []),
    ],
    validateUpdate: (_context, object, old) => [
      ...validateGenericObjectMetaUpdate(object.metadata, old.metadata),
      ...(kind?.validateUpdate?.(object, old) ?? []),
    ],
    // The first delete always leaves the object: it gets the finalizer then, not before.
    holdsDeletion: (object) => object.metadata?.deletionTimestamp === undefined,
    markDeleted: (context, object) => mark(object, context.now),
  }),
  status: (base, kind) => ({
    ...base,
    validateUpdate: (_context, object, old) => [
      ...validateGenericObjectMetaUpdate(object.metadata, old.metadata),
      ...(kind?.validateStatusUpdate?.(object, old) ?? []),
    ],
  }),
};

function mark(object: UnstructuredObject, now: number): void {
  const crd = object as unknown as CustomResourceDefinition;
  const metadata = (object.metadata ??= {} as NonNullable<UnstructuredObject["metadata"]>);
  const finalizers = metadata.finalizers ?? [];
  // Deleted before: what has been done since then is not forgotten.
  if (finalizers.includes(cleanupFinalizer)) return;
  metadata.finalizers = [...finalizers, cleanupFinalizer];
  setCondition((crd.status ??= {}), pending, now);
}
