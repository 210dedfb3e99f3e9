import type { CustomResourceDefinition } from "../../schema/types/apiextensions-v1.ts";
import type { Kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { countGeneration, keepField, startGeneration } from "../update-rules.ts";

export const crdWrites: Pick<Kind<CustomResourceDefinition>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(crd): void {
    // As Go writes what nobody has set.
    const empty: object = { acceptedNames: { kind: "", plural: "" }, conditions: null, storedVersions: [] };
    crd.status = empty as NonNullable<CustomResourceDefinition["status"]>;
    startGeneration(crd);
    rememberStorageVersion(crd);
  },
  prepareForUpdate(crd, old): void {
    keepField(crd, old, "status");
    countGeneration(crd, old, !semanticEqual(crd.spec, old.spec));
    rememberStorageVersion(crd);
  },
  prepareForStatusUpdate(crd, old): void {
    keepField(crd, old, "spec");
  },
};

/** Objects may be kept at the storage version from now on, until a migration takes it out of the list. */
function rememberStorageVersion(crd: CustomResourceDefinition): void {
  const storage = crd.spec.versions?.find((v) => v.storage);
  const status = crd.status;
  if (!storage || !status || status.storedVersions?.includes(storage.name)) return;
  crd.status = { ...status, storedVersions: [...(status.storedVersions ?? []), storage.name] };
}
