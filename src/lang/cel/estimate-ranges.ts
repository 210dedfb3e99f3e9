/** Ranges of sizes and costs, as cel-go's checker reckons with them: whole numbers of 64 bits that stop at their greatest. */

export interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

/** The greatest cost, and what an unknown size is. */
export const UINT64_MAX: bigint = 2n ** 64n - 1n;

export const ZERO: Range = { min: 0n, max: 0n };
export const UNKNOWN_SIZE: Range = { min: 0n, max: UINT64_MAX };

export function fixed(value: number | bigint): Range {
  const n = BigInt(value);
  return { min: n, max: n };
}

const capped = (n: bigint): bigint => (n > UINT64_MAX ? UINT64_MAX : n);

export function add(a: Range, b: Range): Range {
  return { min: capped(a.min + b.min), max: capped(a.max + b.max) };
}

export function multiply(a: Range, b: Range): Range {
  return { min: capped(a.min * b.min), max: capped(a.max * b.max) };
}

/** Times a factor, rounded up; reckoned in doubles, as upstream does. */
export function multiplyByFactor(a: Range, factor: number): Range {
  return { min: byFactor(a.min, factor), max: byFactor(a.max, factor) };
}

function byFactor(x: bigint, factor: number): bigint {
  const product = Math.ceil(Number(x) * factor);
  return product >= 2 ** 64 ? UINT64_MAX : BigInt(product);
}

export function union(a: Range, b: Range): Range {
  return { min: a.min < b.min ? a.min : b.min, max: a.max > b.max ? a.max : b.max };
}
