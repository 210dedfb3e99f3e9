/** What of an answer must be the same: without what differs from server to server, or from time to time. */
import type { Answer } from "./world.ts";

const replacements: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID"],
  [/X509SHA256=[0-9a-f]{64}/g, "X509SHA256=SUM"],
  [/\b(?:127\.0\.0\.1|\d+\.\d+\.\d+\.\d+):\d{4,5}/g, "HOST"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME"],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, "TOKEN"],
  [/(?:-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\s*)+/g, "PEM"],
  [/[A-Za-z0-9+/]{56,}={0,2}/g, "BYTES"],
];

const leftOut = new Set(["resourceVersion", "managedFields"]);
/** Upstream answers these in any order. */
const unordered = new Set(["resourceRules", "nonResourceRules"]);

function sorted(key: string, value: unknown): unknown {
  if (!unordered.has(key) || !Array.isArray(value)) return value;
  return value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function plain(value: unknown): unknown {
  if (typeof value === "string") return replacements.reduce((text, [pattern, by]) => text.replace(pattern, by), value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !leftOut.has(key));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]): [string, unknown] => [key, sorted(key, plain(item))]),
  );
}

/** Comparable, and fit for a file. */
export function normal(answer: Answer): { status: number; warnings: unknown; body: unknown } {
  return { status: answer.status, warnings: plain(answer.warnings), body: plain(answer.body) };
}
