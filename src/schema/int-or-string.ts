/** `3` or `"25%"`, as `k8s.io/apimachinery/pkg/util/intstr`. */
export type IntOrString = number | string;

/** The percentage of a text such as `25%`; an Error in upstream's words when it is none. */
export function parsePercent(text: string): number {
  if (!text.endsWith("%")) throw new Error("invalid value for IntOrString: invalid type: string is not a percentage");
  const digits = text.slice(0, -1);
  if (!/^[+-]?\d+$/.test(digits)) {
    throw new Error(
      `invalid value for IntOrString: invalid value ${JSON.stringify(text)}: strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`,
    );
  }
  return Number(digits);
}

/** The number, or that percentage of `total`, rounded up or down. Throws an Error for text that is no percentage. */
export function resolveIntOrPercent(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) throw new Error("nil value for IntOrString");
  if (typeof value === "number") return value;
  const share = (parsePercent(value) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}
