/** An OpenID Connect issuer as its discovery document tells of it (OpenID Connect Discovery 1.0 §4). */
import { asError } from "../errors.ts";
import { goQuote } from "../../core/go-quote.ts";
import type { HttpGetter } from "./http-get.ts";

export interface Provider {
  /** Where the keys are. */
  readonly jwksUrl: string;
}

/** `discoveryUrl`: the document's place when it is not below the issuer. Throws an Error in the words of upstream's library. */
export async function discover(issuer: string, discoveryUrl: string | undefined, http: HttpGetter): Promise<Provider> {
  const answer = await http.get(discoveryUrl ?? `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (answer.status !== 200) throw new Error(`${answer.statusText}: ${answer.body}`);
  let document: { issuer?: unknown; jwks_uri?: unknown } | null;
  try {
    document = JSON.parse(answer.body) as typeof document;
  } catch (error) {
    const type = answer.headers["content-type"] ?? "";
    const got = /^application\/json\b/i.test(type)
      ? "got Content-Type = application/json, but could not unmarshal as JSON"
      : `expected Content-Type = application/json, got ${goQuote(type)}`;
    throw new Error(`oidc: failed to decode provider discovery object: ${got}: ${asError(error).message}`, { cause: error });
  }
  const named = typeof document?.issuer === "string" ? document.issuer : "";
  if (named !== issuer) {
    throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${goQuote(issuer)} got ${goQuote(named)}`);
  }
  if (typeof document?.jwks_uri !== "string" || document.jwks_uri === "") throw new Error("provider did not return JWKS URL");
  return { jwksUrl: document.jwks_uri };
}
