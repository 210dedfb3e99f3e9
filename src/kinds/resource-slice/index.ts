import type { ResourceSlice } from "../../schema/types/resource-v1.ts";
import { resourceslices } from "../../schema/types/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { resourceSliceCells } from "./columns.ts";
import { validateResourceSlice } from "./validation.ts";
import { dropDisabledFields } from "./writes.ts";

const usual = countsChangesOf<ResourceSlice>("spec");

export const resourceSliceKind: Kind = kind<ResourceSlice>({
  ref: resourceslices,
  prepareForCreate(slice) {
    dropDisabledFields(slice);
    usual.prepareForCreate?.(slice);
  },
  prepareForUpdate(slice, old) {
    dropDisabledFields(slice);
    usual.prepareForUpdate?.(slice, old);
  },
  generation: true,
  selectableFieldNames: ["spec.nodeName", "spec.driver"],
  selectableFields: (slice) => ({ "spec.nodeName": slice.spec?.nodeName ?? "", "spec.driver": slice.spec?.driver ?? "" }),
  validateCreate: (slice) => validateResourceSlice(slice),
  validateUpdate: validateResourceSlice,
  cells: resourceSliceCells,
});
