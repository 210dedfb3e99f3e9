/** The label that tells the pods of one template from those of another. */
import type { PodTemplateSpec } from "../../schema/types/core-v1.ts";

/** No vowels and no lookalikes: the hash must not spell words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

function* canonical(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    yield "[";
    for (const item of value) {
      yield* canonical(item);
      yield ",";
    }
    yield "]";
  } else if (typeof value === "object" && value !== null) {
    yield "{";
    for (const key of Object.keys(value).sort()) {
      const child = (value as Record<string, unknown>)[key];
      if (child === undefined || child === null) continue;
      yield `${JSON.stringify(key)}:`;
      yield* canonical(child);
      yield ",";
    }
    yield "}";
  } else yield JSON.stringify(value);
}

/**
 * FNV-1a (32 bits) over the template with sorted keys and, when there were collisions, their count; digits spelled in an
 * alphabet without vowels. The same template always gives the same hash; upstream's differs, since it hashes Go's memory dump.
 */
export function templateHash(template: PodTemplateSpec | undefined, collisions: number | undefined): string {
  let hash = 0x811c9dc5;
  const add = (text: string): void => {
    for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  };
  for (const text of canonical(template ?? {})) add(text);
  if (collisions !== undefined) add(`#${collisions}`);
  let text = "";
  for (const digit of String(hash)) text += alphabet[digit.charCodeAt(0) % alphabet.length];
  return text;
}
