import type { FieldError } from "../../schema/field-error.ts";
import type { Namespace } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { keepField } from "../update-rules.ts";
import { setNamespaceDefaults } from "./defaults.ts";
import { validateNamespaceFinalize } from "./validation.ts";

type Writes = Pick<Kind<Namespace>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate" | "subresources">;

/** The finalizer that holds a namespace until all its content is gone. */
export const kubernetesFinalizer = "kubernetes";

export const namespaceWrites: Writes = {
  prepareForCreate(namespace): void {
    namespace.status = { phase: "Active" };
    const spec = (namespace.spec ??= {});
    const finalizers = spec.finalizers ?? [];
    if (!finalizers.includes(kubernetesFinalizer)) spec.finalizers = [...finalizers, kubernetesFinalizer];
    // A generated name is known only now.
    setNamespaceDefaults(namespace);
  },
  prepareForUpdate(namespace, old): void {
    const spec = (namespace.spec ??= {});
    keepField(spec, old.spec ?? {}, "finalizers");
    keepField(namespace, old, "status");
  },
  prepareForStatusUpdate(namespace, old): void {
    keepField(namespace, old, "spec");
  },
  subresources: {
    finalize: {
      prepareForUpdate(namespace, old): void {
        keepField(namespace, old, "status");
      },
      validateUpdate: (namespace): FieldError[] => validateNamespaceFinalize(namespace),
    },
  },
};
