/** JSON text: of values that hold integers beyond 2^53 as `bigint`, and as Go writes it. */
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

const escaped = /[<>&\u2028\u2029]/;
const everyEscaped = new RegExp(escaped, "g");
/** A member that JavaScript, whatever the order it was given in, puts before all others. */
const integerKey = /"(?:0|[1-9]\d{0,9})":/;

/** Either of the two: both are rare, and most texts are only looked through, once. */
const needsCare = new RegExp(`${escaped.source}|${integerKey.source}`);

/** As {@link encodeJson}, in the letters of Go's encoder: `<`, `>` and `&` are escaped, and maps with numbers for keys sorted. */
export function encodeGoJson(value: unknown, indent?: number): string {
  const text = encodeJson(value, indent);
  if (!needsCare.test(text)) return text;
  const ordered = integerKey.test(text) ? writeOrdered(value, indent ?? 0, "") : text;
  return escaped.test(ordered) ? escapeAll(ordered) : ordered;
}

/** None of these stands outside of a string. */
function escapeAll(text: string): string {
  return text.replace(everyEscaped, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const isInteger = (key: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;

function writeOrdered(value: unknown, indent: number, margin: string): string {
  if (typeof value !== "object" || value === null) return encodeJson(value) ?? "null";
  const inner = margin + " ".repeat(indent);
  const parts = Array.isArray(value)
    ? value.map((item) => writeOrdered(item, indent, inner))
    : orderedKeys(value).map(
        (key) => `${JSON.stringify(key)}:${indent > 0 ? " " : ""}${writeOrdered((value as Record<string, unknown>)[key], indent, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (indent === 0 || parts.length === 0) return `${open}${parts.join(",")}${close}`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
}

/** Only a map can have such keys, and Go sorts those. */
function orderedKeys(object: object): string[] {
  const keys = Object.keys(object).filter((key) => (object as Record<string, unknown>)[key] !== undefined);
  return keys.some(isInteger) ? keys.sort() : keys;
}
