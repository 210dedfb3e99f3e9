/**
 * Quantities (`500m`, `1Gi`, `1e3`) as `k8s.io/apimachinery/pkg/api/resource` reads, writes and computes them. A value is
 * held exactly, in billionths: upstream rounds anything smaller up to one billionth.
 */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

export interface Quantity {
  /** The amount in billionths. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
  /** The text it was read from, where that is canonical enough for Go to keep it. */
  readonly text?: string | undefined;
}

export class QuantityError extends Error {}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";

const decimalSuffixes: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalNames = new Map(Object.entries(decimalSuffixes).map(([s, e]) => [e, s]));
const binaryNames = new Map(Object.entries(binarySuffixes).map(([s, e]) => [e, s]));

const giga = 1_000_000_000n;
const maxInt64 = 0x7fffffffffffffffn;

/** What a suffix multiplies by; undefined for one that is not known. */
function interpretSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } | undefined {
  if (Object.hasOwn(decimalSuffixes, suffix)) return { base: 10, exponent: decimalSuffixes[suffix] as number, format: "DecimalSI" };
  if (Object.hasOwn(binarySuffixes, suffix)) return { base: 2, exponent: binarySuffixes[suffix] as number, format: "BinarySI" };
  if (/^[eE][+-]?\d+$/.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    return exponent > 0x7fffffff || exponent < -0x80000000 ? undefined : { base: 10, exponent, format: "DecimalExponent" };
  }
  return undefined;
}

const shape = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

/** Reads a quantity. Throws {@link QuantityError} with upstream's message. */
export function parseQuantity(text: string): Quantity {
  if (text === "") throw new QuantityError(wrongFormat);
  const match = shape.exec(text);
  if (match === null) throw new QuantityError(wrongFormat);
  const [, sign, whole, fraction = "", suffix] = match as unknown as [string, string, string, string | undefined, string];
  const unit = interpretSuffix(suffix);
  if (unit === undefined) throw new QuantityError(wrongSuffix);
  const digits = (whole === "" ? "0" : whole) + fraction;
  const { nano: size, exact } = scale(BigInt(digits), fraction.length, unit);
  let nano = size;
  let { format } = unit;
  if (format === "BinarySI") {
    if (nano > maxInt64 * giga) nano = maxInt64 * giga;
    if (nano > 0n && nano < giga) format = "DecimalSI";
  }
  if (sign === "-") nano = -nano;
  return { nano, format, text: exact && keepsText(text, digits, fraction.length, unit) ? text : undefined };
}

/** The unsigned amount in billionths, rounded up. */
function scale(digits: bigint, fraction: number, unit: { base: 2 | 10; exponent: number }): { nano: bigint; exact: boolean } {
  let numerator = digits;
  let tens = 9 - fraction;
  if (unit.base === 2) numerator <<= BigInt(unit.exponent);
  else tens += unit.exponent;
  if (numerator === 0n) return { nano: 0n, exact: true };
  if (tens >= 0) return { nano: numerator * 10n ** BigInt(Math.min(tens, 10_000)), exact: true };
  if (tens < -10_000) return { nano: 1n, exact: false };
  const divisor = 10n ** BigInt(-tens);
  const quotient = numerator / divisor;
  return quotient * divisor === numerator ? { nano: quotient, exact: true } : { nano: quotient + 1n, exact: false };
}

/** Whether Go keeps the text as it was written instead of printing the amount anew. */
function keepsText(text: string, digits: string, fraction: number, unit: { exponent: number; format: QuantityFormat }): boolean {
  if (text === "0") return true;
  const wholeLength = digits.length - fraction;
  if (/^[+-]?0*$/.test(text)) return false;
  if (unit.format === "BinarySI") {
    const precision = 15 - wholeLength - Math.trunc((unit.exponent * 3) / 10) - 1;
    return fraction === 0 && precision >= 0 && (BigInt(digits) & 7n) !== 0n;
  }
  const exponent = unit.exponent - fraction;
  return digits.length <= 18 && exponent >= -9 && exponent % 3 === 0 && !digits.endsWith("000") && digits[0] !== "0";
}

/** The canonical text of an amount. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  const { nano } = quantity;
  if (nano === 0n) return "0";
  const whole = nano % giga === 0n;
  if (quantity.format === "BinarySI" && whole && (nano >= 1024n * giga || nano <= -1024n * giga)) {
    const [amount, times] = removeFactors(nano / giga, 1024n);
    return `${amount}${binaryNames.get(times * 10) ?? ""}`;
  }
  let [amount, exponent] = removeFactors(nano, 10n);
  exponent -= 9;
  while (exponent % 3 !== 0) {
    amount *= 10n;
    exponent--;
  }
  if (quantity.format === "DecimalExponent") return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  return `${amount}${decimalNames.get(exponent) ?? ""}`;
}

function removeFactors(value: bigint, factor: bigint): [bigint, number] {
  let times = 0;
  let rest = value;
  while (rest % factor === 0n) {
    rest /= factor;
    times++;
  }
  return [rest, times];
}

/** −1, 0 or 1. */
export function compareQuantities(a: Quantity | string, b: Quantity | string): number {
  const x = amount(a).nano;
  const y = amount(b).nano;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The sum, in `a`'s format, or in `b`'s where `a` is zero. */
export function addQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const [x, y] = [amount(a), amount(b)];
  return { nano: x.nano + y.nano, format: x.nano === 0n ? y.format : x.format };
}

export function subQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const [x, y] = [amount(a), amount(b)];
  return { nano: x.nano - y.nano, format: x.nano === 0n ? y.format : x.format };
}

export function mulQuantity(a: Quantity | string, times: number): Quantity {
  const x = amount(a);
  return { nano: x.nano * BigInt(times), format: x.format };
}

/** A quantity of `value` thousandths. */
export function milliQuantity(value: number, format: QuantityFormat = "DecimalSI"): Quantity {
  return { nano: BigInt(value) * 1_000_000n, format };
}

/** A quantity of `value` ones. */
export function wholeQuantity(value: number, format: QuantityFormat = "DecimalSI"): Quantity {
  return { nano: BigInt(value) * giga, format };
}

/** Texts repeat: the same few requests and limits in every pod. Emptied when full, so that it cannot grow without bound. */
const read = new Map<string, Quantity>();
const canonical = new Map<string, string>();
const values = new Map<string, number>();
const milliValues = new Map<string, number>();

function remember<V>(cache: Map<string, V>, key: string, value: V): V {
  if (cache.size >= 4096) cache.clear();
  cache.set(key, value);
  return value;
}

function amount(quantity: Quantity | string): Quantity {
  if (typeof quantity !== "string") return quantity;
  return read.get(quantity) ?? remember(read, quantity, parseQuantity(quantity));
}

/** The text as Go writes it back: `0.5` → `500m`, `1024Mi` → `1Gi`. Throws {@link QuantityError}. */
export function canonicalQuantity(text: string): string {
  return canonical.get(text) ?? remember(canonical, text, formatQuantity(parseQuantity(text)));
}

function divideUp(nano: bigint, unit: bigint): number {
  const quotient = nano / unit;
  if (quotient * unit === nano) return Number(quotient);
  return Number(nano < 0n ? quotient - 1n : quotient + 1n);
}

/** The amount in ones, rounded away from zero. */
export function quantityValue(quantity: Quantity | string): number {
  if (typeof quantity !== "string") return divideUp(quantity.nano, giga);
  return values.get(quantity) ?? remember(values, quantity, divideUp(amount(quantity).nano, giga));
}

/** The amount in thousandths, rounded away from zero. */
export function quantityMilliValue(quantity: Quantity | string): number {
  if (typeof quantity !== "string") return divideUp(quantity.nano, 1_000_000n);
  return milliValues.get(quantity) ?? remember(milliValues, quantity, divideUp(amount(quantity).nano, 1_000_000n));
}

/** Whether the amount is zero. */
export function isZeroQuantity(quantity: Quantity | string): boolean {
  return amount(quantity).nano === 0n;
}
