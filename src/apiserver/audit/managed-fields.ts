import type { KubeObject } from "../../schema/object.ts";

/** A copy without managedFields: of an object, of a list's items, of the objects in a table's rows. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { items, rows } = object as { items?: unknown; rows?: unknown };
  if (Array.isArray(items)) return { ...object, items: items.map((item) => bare(item as KubeObject)) } as KubeObject;
  if (Array.isArray(rows)) {
    const shown = (rows as { object?: KubeObject }[]).map((row) => (row.object === undefined ? row : { ...row, object: bare(row.object) }));
    return { ...object, rows: shown } as KubeObject;
  }
  return bare(object);
}

function bare(object: KubeObject): KubeObject {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
