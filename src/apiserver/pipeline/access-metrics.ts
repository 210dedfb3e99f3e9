/** What is counted of authentication and authorization, under upstream's names. */
import type { Counter, Histogram, MetricsRegistry } from "../../core/metrics.ts";

const buckets = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);

/** `failure`: nobody knew the credentials, or there were none where some are needed; `error`: they were wrong. */
export type AuthenticationResult = "success" | "failure" | "error";
export type AuthorizationResult = "allowed" | "denied" | "no-opinion" | "error";

/** Label sets are made once: these are counted for every request. */
const labels = Object.fromEntries(
  ["success", "failure", "error", "allowed", "denied", "no-opinion"].map((result) => [result, { result }]),
) as Record<AuthenticationResult | AuthorizationResult, { result: string }>;

const knownUsers = Object.fromEntries(
  ["admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default", "email_id", "other"].map((username) => [
    username,
    { username },
  ]),
);
const otherUser = knownUsers["other"] as { username: string };
const emailUser = knownUsers["email_id"] as { username: string };

/** Few names, so that the metric stays small and tells nobody who uses the cluster. */
function userLabels(name: string): { username: string } {
  if (name.includes("@")) return emailUser;
  return name !== "email_id" && Object.hasOwn(knownUsers, name) ? (knownUsers[name] as { username: string }) : otherUser;
}

export class AccessMetrics {
  readonly #users: Counter;
  readonly #authentications: Counter;
  readonly #authenticationTimes: Histogram;
  readonly #authorizations: Counter;
  readonly #authorizationTimes: Histogram;

  constructor(registry: MetricsRegistry) {
    this.#users = registry.counter("authenticated_user_requests", "Counter of authenticated requests broken out by username.", [
      "username",
    ]);
    this.#authentications = registry.counter("authentication_attempts", "Counter of authenticated attempts.", ["result"]);
    this.#authenticationTimes = registry.histogram(
      "authentication_duration_seconds",
      "Authentication duration in seconds broken out by result.",
      ["result"],
      buckets,
    );
    this.#authorizations = registry.counter(
      "authorization_attempts_total",
      "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
      ["result"],
    );
    this.#authorizationTimes = registry.histogram(
      "authorization_duration_seconds",
      "Authorization duration in seconds broken out by result.",
      ["result"],
      buckets,
    );
  }

  /** `seconds`: how long it took. `user`: the name, when there is one. */
  authenticated(result: AuthenticationResult, seconds: number, user?: string): void {
    if (user !== undefined) this.#users.inc(userLabels(user));
    this.#authentications.inc(labels[result]);
    this.#authenticationTimes.observe(seconds, labels[result]);
  }

  authorized(result: AuthorizationResult, seconds: number): void {
    this.#authorizations.inc(labels[result]);
    this.#authorizationTimes.observe(seconds, labels[result]);
  }
}
