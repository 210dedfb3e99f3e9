import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField } from "../../schema/field-error.ts";
import type { Namespace } from "../../schema/types/core-v1.ts";
import { nameIsDnsLabel } from "../formats.ts";
import { validateFinalizerName, validateObjectMeta } from "../object-meta.ts";

const finalizersPath = new FieldPath("spec.finalizers");

/** Errors of a namespace beyond its metadata. */
export function validateNamespace(namespace: Namespace): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of namespace.spec?.finalizers ?? []) validateFinalizerName(name, finalizersPath, errors);
  return errors;
}

export function validateNamespaceUpdate(namespace: Namespace): FieldError[] {
  return [...validateObjectMeta(namespace.metadata, false, nameIsDnsLabel), ...validateNamespace(namespace)];
}

/** The phase says whether the namespace is being deleted, and nothing else. */
export function validateNamespaceStatus(namespace: Namespace): FieldError[] {
  const phase = namespace.status?.phase ?? "";
  const path = new FieldPath("status.Phase");
  if (!namespace.metadata?.deletionTimestamp) {
    return phase === "Active" ? [] : [invalidField(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  }
  return phase === "Terminating" ? [] : [invalidField(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
}

export function validateNamespaceFinalize(namespace: Namespace): FieldError[] {
  const errors: FieldError[] = [];
  namespace.spec?.finalizers?.forEach((name, i) => validateFinalizerName(name, finalizersPath.index(i), errors));
  return errors;
}
