import type { ResourceSlice } from "../../schema/types/resource-v1.ts";
import { resourceslices } from "../../schema/types/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { resourceSliceCells } from "./columns.ts";

export const resourceSliceKind: Kind = kind<ResourceSlice>({
  ref: resourceslices,
  ...countsChangesOf<ResourceSlice>("spec"),
  selectableFieldNames: ["spec.nodeName", "spec.driver"],
  selectableFields: (slice) => ({ "spec.nodeName": slice.spec?.nodeName ?? "", "spec.driver": slice.spec?.driver ?? "" }),
  cells: resourceSliceCells,
});
