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
export function admit(scope: Scope, attributes: RequestAttributes): Promise<void> {
  const { admission, options } = scope.state;
  return admission.step("admit", attributes, async () => {
    do {
      for (const plugin of options.admission) {
        if (plugin.admit === undefined || !plugin.handles(attributes)) continue;
        const done = admission.call(plugin, "admit", attributes);
        if (done !== undefined) await done;
      }
    } while (attributes.beginAgain());
  });
}

export function validate(scope: Scope, attributes: AdmissionAttributes): Promise<void> {
  const { admission, options } = scope.state;
  return admission.step("validate", attributes, async () => {
    for (const plugin of options.admission) {
      if (plugin.validate === undefined || !plugin.handles(attributes)) continue;
      const done = admission.call(plugin, "validate", attributes);
      if (done !== undefined) await done;
    }
  });
}
