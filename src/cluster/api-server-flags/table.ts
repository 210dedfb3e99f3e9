/** Every flag of kube-apiserver v1.36, hidden ones too, by name. */
import type { FlagRow } from "./flag.ts";
import { accessFlags } from "./rows/access.ts";
import { auditFlags } from "./rows/audit.ts";
import { compositionFlags } from "./rows/composition.ts";
import { servingFlags } from "./rows/serving.ts";
import { storageFlags } from "./rows/storage.ts";

export const flagTable: ReadonlyMap<string, FlagRow> = new Map(
  [...servingFlags, ...storageFlags, ...auditFlags, ...accessFlags, ...compositionFlags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((row) => [row.name, row]),
);
