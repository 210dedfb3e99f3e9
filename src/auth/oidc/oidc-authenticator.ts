/**
 * Tokens of an OpenID Connect issuer. Discovery goes on in the background until it succeeds: the issuer may run on the very
 * cluster that asks for it.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Authentication } from "../authenticator.ts";
import type { JwtAuthenticator } from "../config/authentication-configuration.ts";
import type { JwtExpressions } from "../config/authentication-validation.ts";
import { asError } from "../errors.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import type { Claims } from "./claims.ts";
import { ClaimResolver } from "./distributed-claims.ts";
import { type HttpGetter, httpGetter } from "./http-get.ts";
import { type IdTokenVerifierOptions, namedIssuer, verifyIdToken } from "./id-token.ts";
import { RemoteKeySet } from "./key-set.ts";
import type { OidcMetrics } from "./metrics.ts";
import { discover } from "./provider.ts";
import { userOfClaims } from "./user-mapping.ts";

export interface OidcAuthenticatorOptions {
  readonly config: JwtAuthenticator;
  readonly expressions: JwtExpressions;
  /** What may sign: see `signingAlgorithms`. */
  readonly algorithms: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: OidcMetrics | undefined;
}

const retryAfter = 10_000;

export class OidcAuthenticator implements TokenAuthenticator {
  readonly #options: OidcAuthenticatorOptions;
  readonly #http: HttpGetter;
  readonly #stopping = new AbortController();
  readonly #resolver: ClaimResolver | undefined;
  #verifier: IdTokenVerifierOptions | undefined;
  #problem: Error;
  #retry: Timer | undefined;
  /** Resolves after the first attempt to find the issuer, however it ended. */
  readonly attempted: Promise<void>;

  constructor(options: OidcAuthenticatorOptions) {
    this.#options = options;
    const { config, algorithms, clock } = options;
    const { url, audiences, certificateAuthority } = config.issuer;
    this.#problem = new Error(`oidc: authenticator for issuer ${JSON.stringify(url)} is not initialized`);
    this.#http = httpGetter(certificateAuthority === "" ? undefined : certificateAuthority);
    const claim = config.claimMappings.groups.claim;
    if (claim !== "") {
      this.#resolver = new ClaimResolver({ claim, audiences, algorithms, http: this.#http, clock, signal: this.#stopping.signal });
    }
    this.attempted = this.#initialize();
  }

  get issuer(): string {
    return this.#options.config.issuer.url;
  }

  /** Why its tokens cannot be checked yet; undefined when they can. */
  health(): Error | undefined {
    if (this.#verifier !== undefined) return undefined;
    return new Error(`oidc: authenticator for issuer ${JSON.stringify(this.issuer)} is not healthy: ${this.#problem.message}`);
  }

  stop(): void {
    this.#stopping.abort();
    this.#retry?.cancel();
    this.#http.close();
  }

  async #initialize(): Promise<void> {
    const { config, algorithms, clock, log, metrics } = this.#options;
    const { url, discoveryURL, audiences } = config.issuer;
    try {
      const { jwksUrl } = await discover(url, discoveryURL === "" ? undefined : discoveryURL, this.#http);
      const onFetch = (text: string | undefined): void => {
        if (!this.#stopping.signal.aborted) metrics?.fetched(url, text, clock.now() / 1000);
      };
      const keys = new RemoteKeySet({ url: jwksUrl, http: this.#http, clock, onFetch });
      this.#verifier = { issuer: url, audiences, algorithms, keys, clock };
    } catch (error) {
      this.#problem = asError(error);
      if (this.#stopping.signal.aborted) return;
      log.warn("an issuer of tokens cannot be reached yet", { issuer: url, error });
      this.#retry = clock.setTimeout(() => void this.#initialize(), retryAfter);
    }
  }

  authenticateToken(token: string): Promise<Authentication | undefined> | undefined {
    return namedIssuer(token) === this.issuer ? this.#timed(token) : undefined;
  }

  async #timed(token: string): Promise<Authentication> {
    const { clock, metrics } = this.#options;
    const started = clock.monotonic();
    try {
      const found = await this.#check(token);
      metrics?.authenticated("success", this.issuer, (clock.monotonic() - started) / 1000);
      return found;
    } catch (error) {
      metrics?.authenticated("failure", this.issuer, (clock.monotonic() - started) / 1000);
      throw error;
    }
  }

  async #check(token: string): Promise<Authentication> {
    if (this.#verifier === undefined) throw new Error("oidc: authenticator not initialized");
    let claims: Claims;
    try {
      claims = await verifyIdToken(token, this.#verifier);
    } catch (error) {
      throw new Error(`oidc: verify token: ${asError(error).message}`, { cause: error });
    }
    if (this.#resolver !== undefined) {
      try {
        claims = await this.#resolver.expand(claims);
      } catch (error) {
        throw new Error(`oidc: could not expand distributed claims: ${asError(error).message}`, { cause: error });
      }
    }
    return { user: userOfClaims(claims, this.#options.config, this.#options.expressions) };
  }
}
