/** Calls the admission chain, in its order, for one operation. */
import type { UnstructuredObject } from "../../schema/object.ts";
import type { AdmissionAttributes } from "../admission.ts";
import { type Place, RequestAttributes } from "../admission/attributes.ts";
import type { Scope } from "../scope.ts";

export function admissionAttributes(
  scope: Scope,
  operation: AdmissionAttributes["operation"],
  at: Place,
  object: UnstructuredObject | undefined,
  oldObject: UnstructuredObject | undefined,
): RequestAttributes {
  return new RequestAttributes(scope, operation, at, object, oldObject);
}

/** Every mutating plugin; all of them once more when a webhook or policy asks for it. */
export async function admit(scope: Scope, attributes: RequestAttributes): Promise<void> {
  do {
    for (const plugin of scope.state.options.admission) {
      if (plugin.admit === undefined || !plugin.handles(attributes)) continue;
      const done = plugin.admit(attributes);
      if (done !== undefined) await done;
    }
  } while (attributes.beginAgain());
}

export async function validate(scope: Scope, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of scope.state.options.admission) {
    if (plugin.validate === undefined || !plugin.handles(attributes)) continue;
    const done = plugin.validate(attributes);
    if (done !== undefined) await done;
  }
}
