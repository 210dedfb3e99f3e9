/** The issuers of a configuration together, exchanged as a whole when the configuration is reloaded. */
import { type Clock, sleep } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Authentication, AuthenticationNotes } from "../authenticator.ts";
import type { AuthenticationConfiguration } from "../config/authentication-configuration.ts";
import type { JwtExpressions } from "../config/authentication-validation.ts";
import { combined } from "../errors.ts";
import { forOwnAudiences, type TokenAuthenticator, unionTokens } from "../token-authenticator.ts";
import type { OidcMetrics } from "./metrics.ts";
import { OidcAuthenticator } from "./oidc-authenticator.ts";

export interface JwtAuthenticatorsOptions {
  readonly algorithms: readonly string[];
  /** What the server answers to. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: OidcMetrics | undefined;
}

interface Generation {
  readonly members: readonly OidcAuthenticator[];
  readonly tokens: TokenAuthenticator;
}

/** New issuers must be reachable within this; else what was stays. */
const patience = 60_000;
const lookAgain = 10_000;
/** Requests that came before a reload still use what was, for so long. */
const linger = 60_000;

export class JwtAuthenticators implements TokenAuthenticator {
  readonly #options: JwtAuthenticatorsOptions;
  #current: Generation;
  #stopped = false;
  /** End what earlier configurations left. */
  readonly #lingering = new Set<() => void>();

  constructor(config: AuthenticationConfiguration, expressions: readonly JwtExpressions[], options: JwtAuthenticatorsOptions) {
    this.#options = options;
    this.#current = this.#make(config, expressions);
  }

  #make(config: AuthenticationConfiguration, expressions: readonly JwtExpressions[]): Generation {
    const { algorithms, audiences, clock, log, metrics } = this.#options;
    const members = config.jwt.map(
      (jwt, i) => new OidcAuthenticator({ config: jwt, expressions: expressions[i] as JwtExpressions, algorithms, clock, log, metrics }),
    );
    return { members, tokens: forOwnAudiences(audiences, unionTokens(members, { failOnError: true })) };
  }

  authenticateToken(
    token: string,
    audiences?: readonly string[],
    notes?: AuthenticationNotes,
  ): Promise<Authentication | undefined> | Authentication | undefined {
    if (this.#current.members.length === 0) return undefined;
    return this.#current.tokens.authenticateToken(token, audiences, notes);
  }

  /** Takes over other issuers once all of them can be reached. Throws an Error when they cannot within a minute. */
  async replace(config: AuthenticationConfiguration, expressions: readonly JwtExpressions[]): Promise<void> {
    const { clock, metrics } = this.#options;
    const next = this.#make(config, expressions);
    const until = clock.monotonic() + patience;
    await Promise.all(next.members.map((m) => m.attempted));
    for (;;) {
      const problems = next.members.flatMap((m) => m.health() ?? []);
      if (problems.length === 0) break;
      if (this.#stopped || clock.monotonic() >= until) {
        for (const member of next.members) member.stop();
        throw combined(problems);
      }
      await sleep(clock, Math.min(lookAgain, Math.max(1, until - clock.monotonic())));
    }
    const before = this.#current;
    this.#current = next;
    const timer = clock.setTimeout(() => {
      this.#lingering.delete(end);
      for (const member of before.members) {
        member.stop();
        if (!this.#current.members.some((m) => m.issuer === member.issuer)) metrics?.forget(member.issuer);
      }
    }, linger);
    const end = (): void => {
      timer.cancel();
      for (const member of before.members) member.stop();
    };
    this.#lingering.add(end);
  }

  stop(): void {
    this.#stopped = true;
    for (const end of this.#lingering) end();
    for (const member of this.#current.members) member.stop();
  }
}
