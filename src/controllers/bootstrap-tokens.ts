/** Secrets by which machines join (`bootstrap.kubernetes.io/token`), as the controllers of them read them. */
import type { Secret } from "../schema/types/core-v1.ts";

/** The type of these Secrets. */
export const bootstrapTokenType = "bootstrap.kubernetes.io/token";
/** Their names are this and the token's id. */
export const bootstrapTokenPrefix = "bootstrap-token-";

/** A value as text; empty when it is not there. */
export function bootstrapTokenData(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? "", "base64").toString("utf8");
}

/** Milliseconds until the token ends; 0 when it has, or says something that is no time; undefined: never. */
export function bootstrapTokenLeft(secret: Secret, now: number): number | undefined {
  const expiration = bootstrapTokenData(secret, "expiration");
  if (expiration === "") return undefined;
  const until = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(expiration) ? Date.parse(expiration) : Number.NaN;
  return Number.isNaN(until) ? 0 : Math.max(0, until - now);
}
