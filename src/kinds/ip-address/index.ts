import type { IPAddress } from "../../schema/types/networking-v1.ts";
import { ipaddresses } from "../../schema/types/networking-v1.ts";
import { rootPath, type FieldError } from "../../schema/field-error.ts";
import { validateIp } from "../addresses.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { ipAddressCells } from "./columns.ts";
import { validateIpAddress, validateIpAddressUpdate } from "./validation.ts";

export const ipAddressKind: Kind = kind<IPAddress>({
  ref: ipaddresses,
  metadataOnUpdate: ["whole", "change"],
  validateCreate: validateIpAddress,
  validateUpdate: (address, old) => [...validateIpAddress(address), ...validateIpAddressUpdate(address, old)],
  cells: ipAddressCells,
  validateName: (name) => {
    const errors: FieldError[] = [];
    validateIp(name, rootPath, errors);
    return errors.map((e) => e.body.replace(`Invalid value: ${JSON.stringify(name)}: `, ""));
  },
});
