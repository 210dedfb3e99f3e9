import type { CSIStorageCapacity } from "../../schema/types/storage-v1.ts";
import { csistoragecapacities } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { validateCsiStorageCapacity, validateCsiStorageCapacityUpdate } from "./validation.ts";

export const csiStorageCapacityKind: Kind = kind<CSIStorageCapacity>({
  ref: csistoragecapacities,
  metadataOnUpdate: ["whole", "change"],
  allowUnconditionalUpdate: false,
  validateCreate: validateCsiStorageCapacity,
  validateUpdate: (capacity, old) => [...validateCsiStorageCapacity(capacity), ...validateCsiStorageCapacityUpdate(capacity, old)],
});
