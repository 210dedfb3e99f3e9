/** Groups that a token does not bring but says where to get (OpenID Connect Core 1.0 §5.6.2). */
import type { Clock } from "../../core/clock.ts";
import { goQuote } from "../../core/go-quote.ts";
import { asError } from "../errors.ts";
import { type Claims, stringMap } from "./claims.ts";
import type { HttpGetter } from "./http-get.ts";
import { type IdTokenVerifierOptions, namedIssuer, verifyIdToken } from "./id-token.ts";
import { RemoteKeySet } from "./key-set.ts";
import { discover } from "./provider.ts";

export interface ClaimResolverOptions {
  /** The claim that may be elsewhere. */
  readonly claim: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly http: HttpGetter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Endpoint {
  readonly endpoint?: string | undefined;
  readonly access_token?: string | undefined;
}

const retryAfter = 10_000;

export class ClaimResolver {
  readonly #options: ClaimResolverOptions;
  /** By issuer; undefined while its keys are looked for. */
  readonly #verifiers = new Map<string, IdTokenVerifierOptions | undefined>();

  constructor(options: ClaimResolverOptions) {
    this.#options = options;
  }

  /** `claims` with the claim fetched, when it is elsewhere. Throws an Error when that cannot be had. */
  async expand(claims: Claims): Promise<Claims> {
    const { claim } = this.#options;
    if (Object.hasOwn(claims, claim) || claims["_claim_names"] === undefined) return claims;
    let names: Record<string, string>;
    try {
      names = stringMap(claims["_claim_names"]);
    } catch (error) {
      throw new Error(`oidc: error parsing distributed claim names: ${asError(error).message}`, { cause: error });
    }
    if (claims["_claim_sources"] === undefined) throw new Error("oidc: no claim sources");
    const sources = claims["_claim_sources"] as Record<string, Endpoint>;
    if (!Object.hasOwn(names, claim)) return claims;
    const source = names[claim] as string;
    const endpoint = Object.hasOwn(sources, source) ? sources[source] : undefined;
    if (endpoint === undefined) throw new Error(`id token _claim_names contained a source ${source} missing in _claims_sources`);
    // An aggregated claim, perhaps: those are not understood.
    if (!endpoint.endpoint) return claims;
    return { ...claims, [claim]: await this.#resolve(endpoint.endpoint, endpoint.access_token ?? "") };
  }

  async #resolve(url: string, accessToken: string): Promise<unknown> {
    const { claim, http } = this.#options;
    let token: string;
    try {
      const answer = await http.get(url, accessToken === "" ? {} : { authorization: `Bearer ${accessToken}` });
      if (answer.status < 200 || answer.status > 226) throw new Error(`error while getting distributed claim JWT: ${answer.statusText}`);
      token = answer.body;
    } catch (error) {
      throw new Error(`while getting distributed claim ${goQuote(claim)}: ${asError(error).message}`, { cause: error });
    }
    const issuer = namedIssuer(token);
    if (issuer === undefined) {
      throw new Error(`getting untrusted issuer from endpoint ${url} failed for claim ${goQuote(claim)}: malformed token`);
    }
    const verifier = this.#verifier(issuer);
    if (verifier === undefined) {
      throw new Error(`verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${goQuote(issuer)}`);
    }
    let fetched: Claims;
    try {
      fetched = await verifyIdToken(token, verifier);
    } catch (error) {
      throw new Error(`verify distributed claim token: ${asError(error).message}`, { cause: error });
    }
    if (!Object.hasOwn(fetched, claim)) {
      throw new Error(`jwt returned by distributed claim endpoint ${goQuote(url)} did not contain claim: ${claim}`);
    }
    return fetched[claim];
  }

  /** Begins to look for the issuer's keys the first time, and goes on until it finds them. */
  #verifier(issuer: string): IdTokenVerifierOptions | undefined {
    if (!this.#verifiers.has(issuer)) {
      this.#verifiers.set(issuer, undefined);
      void this.#initialize(issuer);
    }
    return this.#verifiers.get(issuer);
  }

  async #initialize(issuer: string): Promise<void> {
    const { http, clock, signal, audiences, algorithms } = this.#options;
    if (signal.aborted) return;
    try {
      const { jwksUrl } = await discover(issuer, undefined, http);
      const keys = new RemoteKeySet({ url: jwksUrl, http, clock });
      this.#verifiers.set(issuer, { issuer, audiences, algorithms, keys, clock });
    } catch (error) {
      asError(error);
      const timer = clock.setTimeout(() => void this.#initialize(issuer), retryAfter);
      signal.addEventListener("abort", () => timer.cancel(), { once: true });
    }
  }
}
