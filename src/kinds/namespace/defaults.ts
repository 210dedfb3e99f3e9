import type { Namespace } from "../../schema/types/core-v1.ts";

/** Every namespace carries its name as a label, so that selectors can pick it (KEP-2161). */
export const namespaceNameLabel = "kubernetes.io/metadata.name";

/** Fills in a namespace's defaults, in place. A generated name is labelled when it is known. */
export function setNamespaceDefaults(namespace: Namespace): void {
  const name = namespace.metadata?.name;
  if (name && namespace.metadata) (namespace.metadata.labels ??= {})[namespaceNameLabel] = name;
  const status = (namespace.status ??= {});
  if (!status.phase) status.phase = "Active";
}
