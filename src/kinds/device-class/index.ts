import type { DeviceClass } from "../../schema/types/resource-v1.ts";
import { deviceclasses } from "../../schema/types/resource-v1.ts";
import { nameAndAgeCells } from "../cell-text.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";

export const deviceClassKind: Kind = kind<DeviceClass>({
  ref: deviceclasses,
  ...countsChangesOf<DeviceClass>("spec"),
  cells: nameAndAgeCells,
});
