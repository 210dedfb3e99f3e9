/**
 * A first look at JSON bytes, as cheap as a scan can be: what `JSON.parse` would lose. Duplicate keys show as more colons
 * than keys in the tree, rounded integers as long runs of digits, Go's stricter integers as fractions and exponents.
 */
export interface JsonScan {
  /** Colons outside strings: one a key. */
  colons: number;
  /** A number of sixteen digits or more, or one with a fraction or an exponent. */
  oddNumbers: boolean;
  /** The deepest nesting of objects and arrays. */
  depth: number;
}

/** Nesting beyond this is refused: every walk over an object recurses. */
export const maxJsonDepth = 1000;

const quote = 0x22;
const backslash = 0x5c;

/** Scans text that may be malformed: the figures then mean nothing, and `JSON.parse` says so. */
export function scanJson(bytes: Uint8Array): JsonScan {
  let colons = 0;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let oddNumbers = false;
  const end = bytes.length;
  for (let i = 0; i < end; i++) {
    const c = bytes[i] as number;
    if (c === quote) {
      for (i++; i < end; i++) {
        const s = bytes[i] as number;
        if (s === quote) break;
        if (s === backslash) i++;
      }
      digits = 0;
    } else if (c >= 0x30 && c <= 0x39) {
      if (++digits === 16) oddNumbers = true;
    } else {
      if (c === 0x3a) colons++;
      else if (c === 0x7b || c === 0x5b) {
        if (++depth > deepest) deepest = depth;
      } else if (c === 0x7d || c === 0x5d) depth--;
      else if (digits > 0 && (c === 0x2e || c === 0x65 || c === 0x45)) oddNumbers = true;
      digits = 0;
    }
  }
  return { colons, oddNumbers, depth: deepest };
}

/** How many keys the objects of a tree have together. */
export function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) count += countKeys(item);
    return count;
  }
  for (const key in value) {
    count++;
    const child = (value as Record<string, unknown>)[key];
    if (typeof child === "object" && child !== null) count += countKeys(child);
  }
  return count;
}
