import type { IPAddress } from "../../schema/types/networking-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function ipAddressCells(address: IPAddress, now: number): unknown[] {
  const parent = address.spec?.parentRef;
  const group = parent?.group === undefined || parent.group === "" ? "" : `.${parent.group}`;
  const place = parent?.namespace === undefined || parent.namespace === "" ? "" : `/${parent.namespace}`;
  const reference = parent === undefined ? "<none>" : `${`${parent.resource}${group}`.toLowerCase()}${place}/${parent.name}`;
  // Upstream declares two columns and fills three.
  return [nameOf(address), reference, age(address, now)];
}
