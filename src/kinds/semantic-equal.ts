/**
 * Deep equality as upstream's `equality.Semantic` means it: an absent list or map equals an empty one, and quantities are
 * compared by value. Objects are in Go's presence (see `schema/object.ts`), so other absences do count.
 */
import { compareQuantities } from "../core/quantity.ts";

/** Fields whose values, or whose map's values, are quantities. */
const quantityFields: ReadonlySet<string> = new Set([
  "limits",
  "requests",
  "overhead",
  "capacity",
  "allocatable",
  "allocatedResources",
  "hard",
  "used",
  "min",
  "max",
  "default",
  "defaultRequest",
  "maxLimitRequestRatio",
  "sizeLimit",
  "divisor",
  "maximumVolumeSize",
]);

export function semanticEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, false);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function equal(a: unknown, b: unknown, quantity: boolean): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    if (quantity && typeof a === "string" && typeof b === "string") return sameQuantity(a, b);
    return isEmpty(a) && isEmpty(b);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i], false)) return false;
    return true;
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) {
    const l = left[key];
    const r = right[key];
    if (l !== r && !equal(l, r, quantity || quantityFields.has(key))) return false;
  }
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false;
  return true;
}

function sameQuantity(a: string, b: string): boolean {
  try {
    return compareQuantities(a, b) === 0;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
