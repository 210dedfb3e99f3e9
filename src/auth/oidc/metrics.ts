/** What is counted of OIDC issuers, under upstream's names. Issuers are named by hash: metrics tell strangers nothing. */
import { createHash } from "node:crypto";
import type { Gauge, Histogram, MetricsRegistry } from "../../core/metrics.ts";

function hashed(text: string): string {
  return text === "" ? "" : `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

export class OidcMetrics {
  readonly #latency: Histogram;
  readonly #fetched: Gauge;
  readonly #keySets: Gauge;
  readonly #server: string;
  readonly #known = new Map<string, string>();

  /** `serverId`: this API server's name among others. */
  constructor(registry: MetricsRegistry, serverId: string) {
    this.#server = hashed(serverId);
    this.#latency = registry.histogram(
      "apiserver_authentication_jwt_authenticator_latency_seconds",
      "Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for cache miss only (i.e. when the token is not found in the cache).",
      ["result", "jwt_issuer_hash"],
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    );
    this.#fetched = registry.gauge(
      "apiserver_authentication_jwt_authenticator_jwks_fetch_last_timestamp_seconds",
      "Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer for the JWT authenticator.",
      ["result", "jwt_issuer_hash", "apiserver_id_hash"],
    );
    this.#keySets = registry.gauge(
      "apiserver_authentication_jwt_authenticator_jwks_fetch_last_key_set_info",
      "Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server identity and jwt issuer.",
      ["jwt_issuer_hash", "apiserver_id_hash", "hash"],
    );
  }

  authenticated(result: "success" | "failure", issuer: string, seconds: number): void {
    this.#latency.observe(seconds, { result, jwt_issuer_hash: hashed(issuer) });
  }

  /** `text`: the fetched set; undefined when the fetch failed. `now`: seconds since the epoch. */
  fetched(issuer: string, text: string | undefined, now: number): void {
    const labels = { jwt_issuer_hash: hashed(issuer), apiserver_id_hash: this.#server };
    this.#fetched.set(now, { ...labels, result: text === undefined ? "failure" : "success" });
    if (text === undefined) return;
    this.#forgetKeySet(issuer);
    this.#known.set(issuer, hashed(text));
    this.#keySets.set(1, { ...labels, hash: hashed(text) });
  }

  /** Tells no more of an issuer that is not configured any more. */
  forget(issuer: string): void {
    const labels = { jwt_issuer_hash: hashed(issuer), apiserver_id_hash: this.#server };
    for (const result of ["success", "failure"]) this.#fetched.delete({ ...labels, result });
    this.#forgetKeySet(issuer);
  }

  #forgetKeySet(issuer: string): void {
    const hash = this.#known.get(issuer);
    if (hash !== undefined) this.#keySets.delete({ jwt_issuer_hash: hashed(issuer), apiserver_id_hash: this.#server, hash });
  }
}
