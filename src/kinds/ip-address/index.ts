import type { IPAddress } from "../../schema/types/networking-v1.ts";
import { ipaddresses } from "../../schema/types/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { ipAddressCells } from "./columns.ts";

export const ipAddressKind: Kind = kind<IPAddress>({
  ref: ipaddresses,
  cells: ipAddressCells,
});
