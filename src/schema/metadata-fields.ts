import type { ObjectMeta } from "./types/meta-v1.ts";

/** What an object's metadata can hold, as Go declares it: answers, and messages that show an object, are in this order. */
export const metadataFields: readonly (keyof ObjectMeta)[] = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
];
