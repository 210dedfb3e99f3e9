/** Whether two JSON-shaped values say the same; a member that is undefined counts as absent. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!jsonEqual(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  return membersEqual(a as Record<string, unknown>, b as Record<string, unknown>);
}

function membersEqual(a: Record<string, unknown>, b: Record<string, unknown>, except: (key: string) => boolean = () => false): boolean {
  let left = 0;
  for (const key in b) if (b[key] !== undefined && !except(key)) left++;
  for (const key in a) {
    if (a[key] === undefined || except(key)) continue;
    if (!Object.hasOwn(b, key) || !jsonEqual(a[key], b[key])) return false;
    left--;
  }
  return left === 0;
}

const ownParts = (key: string): boolean => key === "metadata" || key === "status" || key === "kind" || key === "apiVersion";

/** Whether two objects wish for the same: everything but metadata and status. */
export function sameWishes(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  return membersEqual(a, b, ownParts);
}
