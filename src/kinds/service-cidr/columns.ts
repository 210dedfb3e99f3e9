import type { ServiceCIDR } from "../../schema/types/networking-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function serviceCidrCells(cidr: ServiceCIDR, now: number): unknown[] {
  return [nameOf(cidr), (cidr.spec?.cidrs ?? []).join(","), age(cidr, now)];
}
