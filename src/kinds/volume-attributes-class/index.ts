import type { VolumeAttributesClass } from "../../schema/types/storage-v1.ts";
import { volumeattributesclasses } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { volumeAttributesClassCells } from "./columns.ts";
import { validateVolumeAttributesClass, validateVolumeAttributesClassUpdate } from "./validation.ts";

export const volumeAttributesClassKind: Kind = kind<VolumeAttributesClass>({
  ref: volumeattributesclasses,
  metadataOnUpdate: ["whole", "change"],
  validateCreate: validateVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassUpdate,
  cells: volumeAttributesClassCells,
});
