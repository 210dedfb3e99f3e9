/** Objects from a list carry neither apiVersion nor kind; events and writes name both. */
import type { ApiError } from "../core/api-error.ts";
import { isApiError } from "../core/api-error.ts";
import type { KubeObject } from "../schema/object.ts";
import { apiVersionOf, type ResourceRef } from "../schema/resource-ref.ts";

/** `object` with the apiVersion and kind of its resource. A shallow copy: what is below stays shared and frozen. */
export function typed<T extends KubeObject>(ref: ResourceRef<T>, object: T): T {
  return { ...object, apiVersion: apiVersionOf(ref), kind: ref.kind };
}

/** The server refused a create because the namespace is going away: nothing to report, nothing to retry. */
export function namespaceTerminates(error: unknown): error is ApiError {
  return isApiError(error) && error.details?.causes?.some((c) => c.reason === "NamespaceTerminating") === true;
}
