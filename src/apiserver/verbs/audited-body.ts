import type { UnstructuredObject } from "../../schema/object.ts";
import type { Scope } from "../scope.ts";

/** Audit events tell an object with its defaults, at the version of the request, before anything else is done to it. */
export function auditDefaulted(scope: Scope): void {
  const { served, definition } = scope;
  scope.request.audit?.completeRequestObject((object) => {
    const stored = served.toStorage(object as UnstructuredObject);
    definition.strategy.setDefaults?.(stored);
    return served.fromStorage(stored);
  });
}
