import { dns1123Subdomain } from "../../core/names.ts";
import type { DeviceClass } from "../../schema/types/resource-v1.ts";
import { deviceclasses } from "../../schema/types/resource-v1.ts";
import { nameAndAgeCells } from "../cell-text.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { validateDeviceClass } from "./validation.ts";

export const deviceClassKind: Kind = kind<DeviceClass>({
  ref: deviceclasses,
  // The form of a generated name is left to what is common to all.
  validateName: (name, prefix) => (prefix ? [] : dns1123Subdomain(name).map((m) => m.replace("253 characters", "253 bytes"))),
  metadataOnUpdate: ["whole", "change"],
  ...countsChangesOf<DeviceClass>("spec"),
  validateCreate: (deviceClass) => validateDeviceClass(deviceClass),
  validateUpdate: validateDeviceClass,
  cells: nameAndAgeCells,
});
