/** Arithmetic over resource lists (`{cpu: "100m", memory: "1Gi"}`). */
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  quantityMilliValue,
  quantityValue,
  subQuantities,
} from "../core/quantity.ts";

export interface ResourceList {
  [name: string]: string;
}

/** A quantity finer than a thousandth: those are rounded up (kubernetes issue 18538). */
const finerThanMilli = /[nu]$|\.\d{4,}|[eE]-/;

/** Rounds every quantity up to a thousandth, in place, as the API server does on every write. */
export function roundResourceList(list: ResourceList | undefined): void {
  if (!list) return;
  for (const name in list) {
    const text = list[name] as string;
    if (finerThanMilli.test(text)) list[name] = canonicalQuantity(`${quantityMilliValue(text)}m`);
  }
}

/** `list += more`, in place. */
export function addResourceList(list: ResourceList, more: Readonly<ResourceList> | undefined): void {
  for (const name in more) {
    const quantity = more[name] as string;
    const have = list[name];
    list[name] = have === undefined ? quantity : formatQuantity(addQuantities(have, quantity));
  }
}

/** `list -= less`, in place; a resource that is not listed goes below zero. */
export function subtractResourceList(list: ResourceList, less: Readonly<ResourceList> | undefined): void {
  for (const name in less) list[name] = formatQuantity(subQuantities(list[name] ?? "0", less[name] as string));
}

/** `list = max(list, other)`, resource by resource, in place. */
export function maxResourceList(list: ResourceList, other: Readonly<ResourceList> | undefined): void {
  for (const name in other) {
    const quantity = other[name] as string;
    const have = list[name];
    if (have === undefined || compareQuantities(quantity, have) > 0) list[name] = quantity;
  }
}

/** Thousandths of a core for `cpu`, units rounded up for everything else: the numbers that scheduling counts in. */
export function resourceAmount(name: string, quantity: string): number {
  return name === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);
}
