/** Arithmetic over the resource lists of quotas: nothing is changed in place. */
import { addQuantities, canonicalQuantity, compareQuantities, formatQuantity, isZeroQuantity, subQuantities } from "../../core/quantity.ts";

export type Amounts = Readonly<Record<string, string>>;

export function sum(a: Amounts, b: Amounts): Amounts {
  const result: Record<string, string> = { ...a };
  for (const name in b) {
    const have = result[name];
    result[name] = have === undefined ? (b[name] as string) : formatQuantity(addQuantities(have, b[name] as string));
  }
  return result;
}

/** `a - b`; what would go below zero is zero. */
export function surplus(a: Amounts, b: Amounts): Amounts {
  const result: Record<string, string> = {};
  for (const name in a) {
    const less = subQuantities(a[name] as string, b[name] ?? "0");
    result[name] = compareQuantities(less, "0") > 0 ? formatQuantity(less) : "0";
  }
  for (const name in b) result[name] ??= "0";
  return result;
}

export function only(amounts: Amounts, names: readonly string[]): Amounts {
  const result: Record<string, string> = {};
  for (const name in amounts) if (names.includes(name)) result[name] = amounts[name] as string;
  return result;
}

export function withoutZeros(amounts: Amounts): Amounts {
  const result: Record<string, string> = {};
  for (const name in amounts) if (!isZeroQuantity(amounts[name] as string)) result[name] = amounts[name] as string;
  return result;
}

export function sameAmounts(a: Amounts, b: Amounts): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => b[name] !== undefined && compareQuantities(a[name] as string, b[name]) === 0);
}

/** Names whose amount in `a` is more than the bound in `b`. */
export function exceeding(a: Amounts, b: Amounts): string[] {
  return Object.keys(b).filter((name) => a[name] !== undefined && compareQuantities(a[name], b[name] as string) > 0);
}

export function negative(amounts: Amounts): string[] {
  return Object.keys(amounts).filter((name) => compareQuantities(amounts[name] as string, "0") < 0);
}

/** `cpu=1,pods=2`, by name. */
export function describeAmounts(amounts: Amounts): string {
  return Object.keys(amounts)
    .sort()
    .map((name) => `${name}=${canonicalQuantity(amounts[name] as string)}`)
    .join(",");
}

export function describeNames(names: readonly string[]): string {
  return [...names].sort().join(",");
}
