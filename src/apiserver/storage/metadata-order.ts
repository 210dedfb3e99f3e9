import type { KubeObject } from "../../schema/object.ts";
import { metadataFields } from "../../schema/metadata-fields.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";

/**
 * Brings the members of an object's metadata into Go's order; an object of one's own. The resourceVersion has its place
 * already, whoever gives it.
 */
export function orderMetadata(object: KubeObject): void {
  const { metadata } = object;
  if (metadata === undefined) return;
  const ordered: Record<string, unknown> = {};
  for (const key of metadataFields) {
    const value = metadata[key];
    // Admission may leave an empty list, which is none.
    if (key === "managedFields" && metadata.managedFields?.length === 0) continue;
    if (value !== undefined || key === "resourceVersion") ordered[key] = value;
  }
  object.metadata = ordered as ObjectMeta;
}
