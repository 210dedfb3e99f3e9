/** Whether two answers are the same to a client, and what differs. */
import type { Answer, Cause } from "./case.ts";
import { causesOf } from "./normal.ts";

const causeText = ({ reason = "", field = "", message = "" }: Cause): string => `${reason} ${field}: ${message}`;

/** JSON with keys in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) =>
    typeof held === "object" && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}

/** Lines that say what differs; none: the answers are the same. `-` upstream's, `+` ours. */
export function differences(theirs: Answer, ours: Answer): string[] {
  const lines: string[] = [];
  if (theirs.status !== ours.status) lines.push(`status -${theirs.status} +${ours.status}`);
  lines.push(...unmatched("cause", causesOf(theirs).map(causeText), causesOf(ours).map(causeText)));
  lines.push(...unmatched("warning", theirs.warnings, ours.warnings));
  // Where causes differ the message does too.
  const causesDiffer = lines.some((l) => l.startsWith("cause"));
  if (theirs.contentType !== ours.contentType) lines.push(`content type -${theirs.contentType} +${ours.contentType}`);
  compareValues("", withoutCauses(theirs.body), withoutCauses(ours.body), lines, causesDiffer);
  return lines;
}

function withoutCauses(body: unknown): unknown {
  const status = body as { kind?: string; details?: object } | null;
  if (typeof status !== "object" || status?.kind !== "Status" || status.details === undefined) return body;
  return { ...status, details: { ...status.details, causes: undefined } };
}

/** Causes and warnings as bags: Go tells some in the order of a map. */
function unmatched(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  const left = [...ours];
  const lines: string[] = [];
  for (const text of theirs) {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    else lines.push(`${what} -${text}`);
  }
  return [...lines, ...left.map((text) => `${what} +${text}`)];
}

function compareValues(at: string, theirs: unknown, ours: unknown, lines: string[], causesDiffer: boolean): void {
  if (
    typeof theirs === "object" &&
    theirs !== null &&
    typeof ours === "object" &&
    ours !== null &&
    Array.isArray(theirs) === Array.isArray(ours)
  ) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      compareValues(
        at === "" ? key : `${at}.${key}`,
        (theirs as Record<string, unknown>)[key],
        (ours as Record<string, unknown>)[key],
        lines,
        causesDiffer,
      );
    }
    return;
  }
  if (theirs === ours) return;
  if (at === "message" && (causesDiffer || sameFragments(String(theirs), String(ours)))) return;
  lines.push(`${at} -${canonical(theirs)} +${canonical(ours)}`);
}

/** The same words in another order, as messages of causes in the order of a Go map are. */
function sameFragments(theirs: string, ours: string): boolean {
  const sorted = (text: string): string =>
    text
      .replace(/^.*? is invalid: /, "")
      .replace(/[[\]]/g, "")
      .split(", ")
      .sort()
      .join(", ");
  return theirs.length === ours.length && sorted(theirs) === sorted(ours);
}
