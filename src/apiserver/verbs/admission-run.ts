/** Calls the admission chain, in its order, for one operation. */
import type { UnstructuredObject } from "../../schema/object.ts";
import type { AdmissionAttributes } from "../admission.ts";
import type { Scope } from "../scope.ts";

export function admissionAttributes(
  scope: Scope,
  operation: AdmissionAttributes["operation"],
  at: { name: string; namespace?: string | undefined; dryRun: boolean },
  object: UnstructuredObject | undefined,
  oldObject: UnstructuredObject | undefined,
): AdmissionAttributes {
  return {
    operation,
    definition: scope.definition,
    subresource: scope.request.info.subresource,
    namespace: at.namespace ?? scope.namespace,
    name: at.name,
    object,
    oldObject,
    user: scope.user,
    dryRun: at.dryRun,
    request: scope.request,
  };
}

export async function admit(scope: Scope, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of scope.state.options.admission) {
    if (plugin.admit === undefined || !plugin.handles(attributes)) continue;
    const done = plugin.admit(attributes);
    if (done !== undefined) await done;
  }
}

export async function validate(scope: Scope, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of scope.state.options.admission) {
    if (plugin.validate === undefined || !plugin.handles(attributes)) continue;
    const done = plugin.validate(attributes);
    if (done !== undefined) await done;
  }
}
