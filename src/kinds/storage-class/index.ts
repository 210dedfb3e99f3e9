import type { StorageClass } from "../../schema/types/storage-v1.ts";
import { storageclasses } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { storageClassCells } from "./columns.ts";
import { setStorageClassDefaults } from "./defaults.ts";
import { validateStorageClass, validateStorageClassUpdate } from "./validation.ts";

export const storageClassKind: Kind = kind<StorageClass>({
  ref: storageclasses,
  metadataOnUpdate: ["whole", "change"],
  setDefaults: setStorageClassDefaults,
  validateCreate: validateStorageClass,
  validateUpdate: (storage, old) => [...validateStorageClass(storage), ...validateStorageClassUpdate(storage, old)],
  cells: storageClassCells,
});
