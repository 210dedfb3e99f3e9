/** Whether an ID token is one of an issuer, for us, and still good (OpenID Connect Core 1.0 §3.1.3.7). */
import type { Clock } from "../../core/clock.ts";
import { goQuote } from "../../core/go-quote.ts";
import { asError } from "../errors.ts";
import { type Claims, parseClaims } from "./claims.ts";
import { type CompactJws, parseCompactJws, rawBase64 } from "./jws.ts";
import type { RemoteKeySet } from "./key-set.ts";

export interface IdTokenVerifierOptions {
  readonly issuer: string;
  /** One of them must be among the token's. */
  readonly audiences: readonly string[];
  /** Algorithms that are allowed. */
  readonly algorithms: readonly string[];
  readonly keys: RemoteKeySet;
  readonly clock: Clock;
}

const googleIssuer = "https://accounts.google.com";
const leeway = 60_000;

/** `["a" "b"]`, as Go prints a list with %q. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map(goQuote).join(" ")}]`;
}

/** The issuer that a token names, not to be trusted; undefined when it has not the form of a token. */
export function namedIssuer(token: string): string | undefined {
  if (token.trimStart().startsWith("{")) return undefined;
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(rawBase64(parts[1] as string).toString("utf8"));
    if (typeof claims !== "object" || claims === null || Array.isArray(claims)) return undefined;
    const { iss = "" } = claims as { iss?: unknown };
    if (iss !== null && typeof iss !== "string") return undefined;
    return iss === "accounts.google.com" ? googleIssuer : (iss ?? "");
  } catch (error) {
    asError(error);
    return undefined;
  }
}

/** The claims of a good token. Throws an Error in the words of upstream's library for any other. */
export async function verifyIdToken(token: string, options: IdTokenVerifierOptions): Promise<Claims> {
  let jws: CompactJws;
  try {
    jws = parseCompactJws(token);
  } catch (error) {
    throw new Error(`oidc: malformed jwt: ${asError(error).message}`, { cause: error });
  }
  if (!options.algorithms.includes(jws.algorithm)) {
    throw new Error(
      `oidc: id token signed with unsupported algorithm, expected ${quotedList(options.algorithms)} got ${goQuote(jws.algorithm)}`,
    );
  }
  try {
    await options.keys.verify(jws);
  } catch (error) {
    throw new Error(`failed to verify signature: ${asError(error).message}`, { cause: error });
  }
  const claims = parseClaims(jws.payload);
  checkIssuer(claims["iss"], options.issuer);
  checkSources(claims);
  const audiences = audiencesOf(claims["aud"]);
  if (!audiences.some((a) => options.audiences.includes(a))) {
    const wanted =
      options.audiences.length === 1 ? goQuote(options.audiences[0] as string) : `in ${quotedList([...options.audiences].sort())}`;
    throw new Error(`oidc: expected audience ${wanted} got ${quotedList(audiences)}`);
  }
  checkTime(claims, options.clock.now());
  return claims;
}

function checkIssuer(named: unknown, issuer: string): void {
  const text = typeof named === "string" ? named : "";
  if (text === issuer || (issuer === googleIssuer && text === "accounts.google.com")) return;
  throw new Error(`oidc: id token issued by a different provider, expected ${goQuote(issuer)} got ${goQuote(text)}`);
}

/** Claims that are to be had elsewhere: each must say where. */
function checkSources(claims: Claims): void {
  const names = claims["_claim_names"];
  if (typeof names !== "object" || names === null) return;
  const sources = (claims["_claim_sources"] ?? {}) as Record<string, unknown>;
  for (const source of Object.values(names as Record<string, unknown>)) {
    if (source === "") throw new Error("oidc: failed to obtain source from claim name");
    if (!Object.hasOwn(sources, String(source))) throw new Error("oidc: source does not exist");
  }
}

function audiencesOf(aud: unknown): string[] {
  if (typeof aud === "string") return [aud];
  return Array.isArray(aud) ? aud.filter((a) => typeof a === "string") : [];
}

function seconds(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw new Error(`oidc: failed to unmarshal claims: ${name} is no number`);
  return Math.trunc(value);
}

function checkTime(claims: Claims, now: number): void {
  const expiry = seconds(claims["exp"], "exp");
  if (expiry === undefined || expiry * 1000 < now) {
    throw new Error(
      `oidc: token is expired (Token Expiry: ${expiry === undefined ? "0001-01-01 00:00:00 +0000 UTC" : goTime(expiry * 1000)})`,
    );
  }
  const notBefore = seconds(claims["nbf"], "nbf");
  if (notBefore !== undefined && now + leeway < notBefore * 1000) {
    throw new Error(`oidc: current time ${goTime(now)} before the nbf (not before) time: ${goTime(notBefore * 1000)}`);
  }
}

/** As Go prints a time in UTC. */
function goTime(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  return `${date} ${time.replace(/\.?0*Z$/, "")} +0000 UTC`;
}
