/**
 * Tokens by which a machine asks for its first certificate: secrets of kube-system (`--enable-bootstrap-token-auth`;
 * kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens).
 */
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { Secret } from "../../schema/types/core-v1.ts";
import type { Authentication } from "../authenticator.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";

/** Where these Secrets are. */
export const bootstrapTokenNamespace = "kube-system";
/** Their names are this and the token's id. */
export const bootstrapTokenPrefix = "bootstrap-token-";
/** Their type. */
export const bootstrapTokenType = "bootstrap.kubernetes.io/token";
const defaultGroup = "system:bootstrappers";
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** A value of a secret as text; empty when it is not there. */
export function bootstrapTokenData(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? "", "base64").toString("utf8");
}

/** True when the secret says a time and it has come, or says something that is no time. */
export function bootstrapTokenExpired(secret: Secret, now: number): boolean {
  const expiration = bootstrapTokenData(secret, "expiration");
  if (expiration === "") return false;
  const until = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(expiration) ? Date.parse(expiration) : Number.NaN;
  return Number.isNaN(until) || now > until;
}

/** Sorted; undefined when one of the groups is not one that a bootstrap token may bring. */
function groupsOf(secret: Secret): string[] | undefined {
  const groups = new Set([defaultGroup]);
  const extra = bootstrapTokenData(secret, "auth-extra-groups");
  if (extra !== "") {
    for (const group of extra.split(",")) {
      if (!groupPattern.test(group)) return undefined;
      groups.add(group);
    }
  }
  return [...groups].sort();
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Silent about whatever is not a token of a secret that is fit for it: `secret` reads one of kube-system. */
export function bootstrapTokens(options: {
  readonly secret: (name: string) => Promise<Secret | undefined> | Secret | undefined;
  readonly clock: Clock;
}): TokenAuthenticator {
  return {
    async authenticateToken(token): Promise<Authentication | undefined> {
      const [, id = "", password = ""] = tokenPattern.exec(token) ?? [];
      if (id === "") return undefined;
      const secret = await options.secret(bootstrapTokenPrefix + id);
      if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined) return undefined;
      if (secret.type !== bootstrapTokenType || secret.data === undefined) return undefined;
      if (!sameText(bootstrapTokenData(secret, "token-secret"), password)) return undefined;
      if (bootstrapTokenData(secret, "token-id") !== id || bootstrapTokenExpired(secret, options.clock.now())) return undefined;
      if (bootstrapTokenData(secret, "usage-bootstrap-authentication") !== "true") return undefined;
      const groups = groupsOf(secret);
      return groups === undefined ? undefined : { user: { name: `system:bootstrap:${id}`, groups } };
    },
  };
}
