/** A CustomResourceDefinition outlives its deletion until its instances are gone: `apiserver/crd` releases it. */
import { cleanupFinalizer, setCondition, terminating } from "../apiserver/crd/conditions.ts";
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
  strategy: (base) => ({
    ...base,
    // The first delete always leaves the object: it gets the finalizer then, not before.
    holdsDeletion: (object) => object.metadata?.deletionTimestamp === undefined,
    markDeleted: (context, object) => mark(object, context.now),
  }),
};

function mark(object: UnstructuredObject, now: number): void {
  const crd = object as unknown as CustomResourceDefinition;
  const metadata = (object.metadata ??= {} as NonNullable<UnstructuredObject["metadata"]>);
  const finalizers = metadata.finalizers ?? [];
  // Deleted before: what has been done since then is not forgotten.
  if (finalizers.includes(cleanupFinalizer)) return;
  metadata.finalizers = [...finalizers, cleanupFinalizer];
  // Upstream marks a definition in a way of its own: no period, and not a new generation.
  delete metadata.deletionGracePeriodSeconds;
  if (metadata.generation !== undefined) metadata.generation--;
  setCondition((crd.status ??= {}), pending, now);
}
