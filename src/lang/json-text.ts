/** JSON text of values that hold integers beyond 2^53 as `bigint`. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** As `JSON.stringify`, but a `bigint` is written as the integer it is. */
export function encodeJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? rawJson(String(v)) : v), indent);
  }
}
