import { addQuantities, compareQuantities, parseQuantity, type Quantity, QuantityError, subQuantities } from "../../../core/quantity.ts";
import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { BOOL, type CelType, DOUBLE, INT, objectType, STRING } from "../types.ts";
import { CelOpaque, type CelValue, INT_MAX, INT_MIN } from "../values.ts";

const QUANTITY: CelType = objectType("kubernetes.Quantity");
const GIGA = 1_000_000_000n;

class QuantityValue extends CelOpaque {
  readonly type: CelType = QUANTITY;
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: CelValue): boolean {
    return other instanceof QuantityValue && this.quantity.nano === other.quantity.nano;
  }
}

function read(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new CelError(error.message);
    throw error;
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** Undefined of what is no whole number of 64 bits. */
function integer({ quantity: { nano } }: QuantityValue): bigint | undefined {
  const whole = nano / GIGA;
  return nano % GIGA === 0n && whole <= INT_MAX && whole >= INT_MIN ? whole : undefined;
}

function asInteger(value: QuantityValue): bigint {
  const whole = integer(value);
  if (whole === undefined) throw new CelError("cannot convert value to integer");
  return whole;
}

/** The decimal text is rounded once, which a division of doubles would do twice. */
function asFloat({ quantity: { nano } }: QuantityValue): number {
  const size = nano < 0n ? -nano : nano;
  return Number(`${nano < 0n ? "-" : ""}${size / GIGA}.${String(size % GIGA).padStart(9, "0")}`);
}

const whole = (value: bigint): Quantity => ({ nano: value * GIGA, format: "DecimalExponent" });
const order = (a: QuantityValue, b: QuantityValue): number => Math.sign(compareQuantities(a.quantity, b.quantity));
const BOTH: readonly [CelType, CelType] = [QUANTITY, QUANTITY];

/** Kubernetes' quantity library. */
export const QUANTITY_FUNCTIONS: FunctionTable = {
  quantity: [global("string_to_quantity", [STRING], QUANTITY, read)],
  isQuantity: [global("is_quantity_string", [STRING], BOOL, isQuantity)],
  sign: [global("quantity_sign", [QUANTITY], INT, sign)],
  isGreaterThan: [method("quantity_is_greater_than", BOTH, BOOL, (a: QuantityValue, b: QuantityValue) => order(a, b) > 0)],
  isLessThan: [method("quantity_is_less_than", BOTH, BOOL, (a: QuantityValue, b: QuantityValue) => order(a, b) < 0)],
  compareTo: [method("quantity_compare_to", BOTH, INT, (a: QuantityValue, b: QuantityValue) => BigInt(order(a, b)))],
  asApproximateFloat: [method("quantity_get_float", [QUANTITY], DOUBLE, asFloat)],
  asInteger: [method("quantity_get_int", [QUANTITY], INT, asInteger)],
  isInteger: [method("quantity_is_integer", [QUANTITY], BOOL, (value: QuantityValue) => integer(value) !== undefined)],
  add: [
    method(
      "quantity_add",
      BOTH,
      QUANTITY,
      (a: QuantityValue, b: QuantityValue) => new QuantityValue(addQuantities(a.quantity, b.quantity)),
    ),
    method(
      "quantity_add_int",
      [QUANTITY, INT],
      QUANTITY,
      (a: QuantityValue, b: bigint) => new QuantityValue(addQuantities(a.quantity, whole(b))),
    ),
  ],
  sub: [
    method(
      "quantity_sub",
      BOTH,
      QUANTITY,
      (a: QuantityValue, b: QuantityValue) => new QuantityValue(subQuantities(a.quantity, b.quantity)),
    ),
    method(
      "quantity_sub_int",
      [QUANTITY, INT],
      QUANTITY,
      (a: QuantityValue, b: bigint) => new QuantityValue(subQuantities(a.quantity, whole(b))),
    ),
  ],
};

function sign({ quantity: { nano } }: QuantityValue): bigint {
  return nano > 0n ? 1n : nano < 0n ? -1n : 0n;
}
