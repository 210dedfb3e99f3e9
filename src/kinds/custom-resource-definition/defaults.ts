import type { CustomResourceDefinition } from "../../schema/types/apiextensions-v1.ts";

/** Fills in a CRD's defaults, in place. */
export function setCrdDefaults(crd: CustomResourceDefinition): void {
  const spec = crd.spec;
  const names = spec.names;
  if (names) {
    if (!names.singular) names.singular = (names.kind ?? "").toLowerCase();
    if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  }
  spec.conversion ??= { strategy: "None" };
  if (spec.conversion.webhook?.clientConfig?.service) spec.conversion.webhook.clientConfig.service.port ??= 443;
  const status = crd.status;
  if (status && !status.storedVersions?.length) {
    const storage = spec.versions?.find((v) => v.storage);
    if (storage) status.storedVersions = [storage.name];
  }
}
