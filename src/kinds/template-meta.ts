/** Metadata of objects that are written into others as templates: labels and annotations alone. */
import type { FieldError, FieldPath } from "../schema/field-error.ts";
import { forbiddenField } from "../schema/field-error.ts";
import { metadataFields } from "../schema/metadata-fields.ts";
import type { ObjectMeta } from "../schema/types/meta-v1.ts";
import { validateAnnotations, validateLabels } from "./object-meta.ts";

const forbidden = metadataFields.filter((field) => field !== "labels" && field !== "annotations");

/** Pointers and lists are set by being there; what is zero is not set elsewhere. */
const setByPresence: ReadonlySet<string> = new Set([
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "ownerReferences",
  "finalizers",
  "managedFields",
]);

export function validateTemplateMeta(meta: ObjectMeta | undefined, path: FieldPath, errors: FieldError[]): void {
  validateAnnotations(meta?.annotations, path.child("annotations"), errors);
  validateLabels(meta?.labels, path.child("labels"), errors);
  for (const field of forbidden) {
    const value = meta?.[field];
    if (setByPresence.has(field) ? value === undefined || value === null : !value) continue;
    // Go's field names, their first letter made small: `uID`.
    errors.push(forbiddenField(path.child(field === "uid" ? "uID" : field), "cannot be set"));
  }
}
