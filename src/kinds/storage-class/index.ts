import type { StorageClass } from "../../schema/types/storage-v1.ts";
import { storageclasses } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { storageClassCells } from "./columns.ts";
import { setStorageClassDefaults } from "./defaults.ts";

export const storageClassKind: Kind = kind<StorageClass>({
  ref: storageclasses,
  setDefaults: setStorageClassDefaults,
  cells: storageClassCells,
});
