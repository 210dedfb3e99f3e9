/** Who somebody is, as the flags say that it is found out: every kind of credential, in upstream's order. */
import { readFileSync } from "node:fs";
import type { Authenticator } from "../../auth/authenticator.ts";
import {
  type AuthenticationConfiguration,
  type JwtAuthenticator,
  parseAuthenticationConfiguration,
} from "../../auth/config/authentication-configuration.ts";
import { anonymousChanged, validateAuthentication, type ValidatedAuthentication } from "../../auth/config/authentication-validation.ts";
import { ConfigError } from "../../auth/config/config-document.ts";
import { ReloadMetrics } from "../../auth/config/reload-metrics.ts";
import { watchFile } from "../../auth/config/watched-file.ts";
import { aggregate } from "../../auth/authorizers.ts";
import { JwtAuthenticators } from "../../auth/oidc/jwt-authenticators.ts";
import { signingAlgorithms } from "../../auth/oidc/jws.ts";
import { OidcMetrics } from "../../auth/oidc/metrics.ts";
import { requestAuthenticator } from "../../auth/request-authenticator.ts";
import type { RequestHeaderOptions } from "../../auth/request-header.ts";
import { forOwnAudiences, staticTokens, type TokenAuthenticator, unionTokens } from "../../auth/token-authenticator.ts";
import { bootstrapTokenNamespace, bootstrapTokens } from "../../auth/token/bootstrap-token.ts";
import { TokenCache } from "../../auth/token/token-cache.ts";
import { parseTokenFile } from "../../auth/token/token-file.ts";
import { tokenWebhook } from "../../auth/token/token-webhook.ts";
import type { WebhookTarget } from "../../client/webhook/target.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import { describeFieldError, FieldPath, forbiddenField } from "../../schema/field-error.ts";
import type { AuthenticationInfo } from "../../resources/loops/index.ts";
import type { Secret } from "../../schema/types/core-v1.ts";
import type { ApiServerFlags } from "../api-server-flags/index.ts";
import { UsageError } from "../usage-error.ts";
import { AuthorityFile } from "./authorities.ts";

export interface AuthenticationOptions {
  readonly flags: ApiServerFlags;
  /** PEM: the cluster's own authority. */
  readonly clientCa: string;
  readonly serviceAccounts: TokenAuthenticator;
  /** What the server answers to. */
  readonly audiences: readonly string[];
  /** Issuers of the cluster's own tokens. */
  readonly issuers: readonly string[];
  readonly secret: (namespace: string, name: string) => Promise<Secret | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** This API server's name among others. */
  readonly serverId: string;
}

/** A proxy in front. Header names as they were given. */
type ProxyInfo = NonNullable<AuthenticationInfo["proxy"]> & { readonly file: AuthorityFile };

export interface Authentication {
  readonly authenticator: Authenticator;
  /** What extension servers are told, and clients when they connect. */
  readonly published: AuthenticationInfo;
  /** Headers of a proxy in front, by lower-case name; undefined: none beside the standard ones. */
  readonly proxyHeaders: ((name: string) => boolean) | undefined;
  /** Follows files from now on. */
  start(): void;
  stop(): void;
}

/** Known tokens are remembered for so long, as upstream does. */
const successTtl = 10_000;
const expirationBuckets = [0, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 345600, 604800, 2592000, 7776000, 15552000, 31104000];

/** Throws UsageError for files that cannot be used. */
export function authentication(options: AuthenticationOptions): Authentication {
  const { flags, clock, log, metrics, audiences } = options;
  const clients = usable(() => authorityFile(flags, "client-ca-file", options.clientCa));
  const proxy = usable(() => proxyInfo(flags));
  const issuers = jwtIssuers(options);
  const tokens = tokenChain(options, issuers.authenticators);
  const own = clients ?? new AuthorityFile("", options.clientCa);
  const anonymous = issuers.anonymous;
  const authenticator = requestAuthenticator({
    clientAuthorities: own.authorities,
    ...(proxy === undefined ? {} : { requestHeader: headerOptions(proxy) }),
    tokens: new TokenCache(tokens, { clock, successTtl, failureTtl: 0, cacheErrors: true, metrics, audiences }),
    audiences,
    ...(anonymous.enabled ? { anonymous: { paths: anonymous.conditions.map((c) => c.path) } } : {}),
    certificateRemaining: metrics.histogram(
      "apiserver_client_certificate_expiration_seconds",
      "Distribution of the remaining lifetime on the certificate used to authenticate a request.",
      [],
      expirationBuckets,
    ),
  });
  const files = [...(clients === undefined ? [] : [clients]), ...(proxy === undefined ? [] : [proxy.file])];
  return {
    authenticator,
    published: {
      clientAuthorities: () => own.bundle,
      ...(proxy === undefined ? {} : { proxy }),
      onChange: (run) => {
        for (const file of files) file.onChange(run);
      },
    },
    proxyHeaders: proxy === undefined ? undefined : headerTest(headerOptions(proxy)),
    start: () => {
      for (const file of files) file.start(clock, log);
      issuers.start();
    },
    stop: () => {
      for (const file of files) file.stop();
      issuers.stop();
    },
  };
}

function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(error.message);
  }
}

function authorityFile(flags: ApiServerFlags, name: string, fixed = ""): AuthorityFile | undefined {
  const file = flags.file(name);
  return file === undefined ? undefined : new AuthorityFile(file.path, file.text, fixed);
}

function proxyInfo(flags: ApiServerFlags): ProxyInfo | undefined {
  const file = authorityFile(flags, "requestheader-client-ca-file");
  if (file === undefined) return undefined;
  return {
    file,
    authorities: () => file.bundle,
    allowedNames: flags.list("requestheader-allowed-names"),
    usernameHeaders: flags.list("requestheader-username-headers"),
    uidHeaders: flags.list("requestheader-uid-headers"),
    groupHeaders: flags.list("requestheader-group-headers"),
    extraHeaderPrefixes: flags.list("requestheader-extra-headers-prefix"),
  };
}

function headerOptions(proxy: ProxyInfo): RequestHeaderOptions {
  const lower = (names: readonly string[]): string[] => names.map((n) => n.trim().toLowerCase());
  return {
    authorities: proxy.file.authorities,
    allowedNames: proxy.allowedNames,
    usernameHeaders: lower(proxy.usernameHeaders),
    uidHeaders: lower(proxy.uidHeaders),
    groupHeaders: lower(proxy.groupHeaders),
    extraHeaderPrefixes: lower(proxy.extraHeaderPrefixes),
  };
}

function headerTest(o: RequestHeaderOptions): (name: string) => boolean {
  const names = new Set([...o.usernameHeaders, ...o.uidHeaders, ...o.groupHeaders]);
  return (name) => names.has(name) || o.extraHeaderPrefixes.some((prefix) => name.startsWith(prefix));
}

/** Local ones first, then those that may ask somebody. */
function tokenChain(options: AuthenticationOptions, issuers: JwtAuthenticators): TokenAuthenticator {
  const { flags, audiences, clock } = options;
  const members: TokenAuthenticator[] = [];
  const file = flags.file("token-auth-file");
  if (file !== undefined) {
    const users = usable(() => parseTokenFile(file.text, file.path));
    members.push(forOwnAudiences(audiences, staticTokens(users)));
  }
  members.push(options.serviceAccounts);
  if (flags.bool("enable-bootstrap-token-auth")) {
    const secret = (name: string): Promise<Secret | undefined> => options.secret(bootstrapTokenNamespace, name);
    members.push(forOwnAudiences(audiences, bootstrapTokens({ secret, clock })));
  }
  members.push(issuers);
  const webhook = flags.file("authentication-token-webhook-config-file");
  if (webhook !== undefined) {
    const ttl = flags.duration("authentication-token-webhook-cache-ttl");
    const inner = tokenWebhook({
      target: webhookTargetOf(webhook.path),
      version: flags.string("authentication-token-webhook-version") === "v1" ? "v1" : "v1beta1",
      audiences,
    });
    members.push(new TokenCache(inner, { clock, successTtl: ttl, failureTtl: ttl, cacheErrors: false, audiences }));
  }
  return unionTokens(members);
}

/** The webhook of a kubeconfig file, made at the first call; what fails is tried again by the next. */
export function webhookTargetOf(path: string): () => Promise<WebhookTarget> {
  let made: Promise<WebhookTarget> | undefined;
  return () => {
    if (made === undefined) {
      made = import("../../client/webhook/target.ts").then(({ kubeconfigTarget }) => kubeconfigTarget(path));
      made.catch(() => (made = undefined));
    }
    return made;
  };
}

interface Issuers {
  readonly authenticators: JwtAuthenticators;
  readonly anonymous: NonNullable<AuthenticationConfiguration["anonymous"]>;
  start(): void;
  stop(): void;
}

/** From the file of `--authentication-config`, or else from the `--oidc-*` flags. */
function jwtIssuers(options: AuthenticationOptions): Issuers {
  const { flags, clock, log, metrics, serverId } = options;
  const file = flags.file("authentication-config");
  const config = file === undefined ? flagConfiguration(flags) : parsed(file.text, file.path);
  const anonymous = anonymousOf(config, flags);
  const validated = validateAuthentication(config, []);
  refuseFaults(validated);
  refuseOwnIssuers(config, options.issuers);
  const authenticators = new JwtAuthenticators(config, validated.expressions, {
    algorithms: file === undefined ? flags.list("oidc-signing-algs") : signingAlgorithms,
    audiences: options.audiences,
    clock,
    log,
    metrics: config.jwt.length === 0 && file === undefined ? undefined : new OidcMetrics(metrics, serverId),
  });
  if (file === undefined) return { authenticators, anonymous, start: () => undefined, stop: () => authenticators.stop() };
  const reload = new ReloadMetrics(metrics, "authentication", serverId);
  reload.applied(file.text);
  const reloader = new Reloader(options, file.path, file.text, config, authenticators, reload);
  let watch: { stop(): void } | undefined;
  return {
    authenticators,
    anonymous,
    start: () => {
      watch = watchFile(file.path, () => reloader.look(), { clock, log });
    },
    stop: () => {
      watch?.stop();
      authenticators.stop();
    },
  };
}

function parsed(text: string, path: string): AuthenticationConfiguration {
  try {
    return parseAuthenticationConfiguration(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(`failed to load authentication configuration from file ${JSON.stringify(path)}: ${error.message}`);
  }
}

function refuseFaults({ errors }: ValidatedAuthentication): void {
  if (errors.length === 0) return;
  throw new UsageError(`invalid authentication configuration: ${aggregate(errors.map(describeFieldError))}`);
}

/** Upstream tells of the cluster's own issuers only where it makes the authenticators, and by other paths. */
function refuseOwnIssuers(config: AuthenticationConfiguration, own: readonly string[]): void {
  const [first] = validateAuthentication(config, own).errors;
  if (first !== undefined) throw new UsageError(describeFieldError(first).replace(/^jwt\[\d+\]\./, ""));
}

function anonymousOf(config: AuthenticationConfiguration, flags: ApiServerFlags): Issuers["anonymous"] {
  if (config.anonymous === undefined) {
    // Whoever is allowed everything should at least be known.
    const everything = flags.list("authorization-mode").includes("AlwaysAllow");
    return { enabled: flags.bool("anonymous-auth") && !everything, conditions: [] };
  }
  if (flags.given("anonymous-auth")) {
    const detail = "--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file";
    throw new UsageError(describeFieldError(forbiddenField(new FieldPath("anonymous"), detail)));
  }
  return config.anonymous;
}

/** What the `--oidc-*` flags mean. */
function flagConfiguration(flags: ApiServerFlags): AuthenticationConfiguration {
  const [url, clientId] = [flags.string("oidc-issuer-url"), flags.string("oidc-client-id")];
  if (url === "" || clientId === "") return { jwt: [] };
  const claim = flags.string("oidc-username-claim");
  const given = flags.string("oidc-username-prefix");
  // Names of different issuers must not meet, but for addresses of mail, which are of the whole world.
  const prefix = given === "-" ? "" : given === "" && claim !== "email" ? `${url}#` : given;
  const groupsClaim = flags.string("oidc-groups-claim");
  const none = { claim: "", expression: "" };
  const jwt: JwtAuthenticator = {
    issuer: {
      url,
      discoveryURL: "",
      certificateAuthority: flags.file("oidc-ca-file")?.text ?? "",
      audiences: [clientId],
      audienceMatchPolicy: "",
      egressSelectorType: "",
    },
    claimMappings: {
      username: { claim, prefix, expression: "" },
      groups: groupsClaim === "" ? none : { claim: groupsClaim, prefix: flags.string("oidc-groups-prefix"), expression: "" },
      uid: none,
      extra: [],
    },
    claimValidationRules: Array.from(flags.map("oidc-required-claim"), ([name, requiredValue]) => ({
      claim: name,
      requiredValue,
      expression: "",
      message: "",
    })),
    userValidationRules: [],
  };
  return { jwt: [jwt] };
}

/** Takes over what the file says anew; a file that is no good changes nothing. */
class Reloader {
  readonly #options: AuthenticationOptions;
  readonly #path: string;
  readonly #anonymous: string;
  readonly #authenticators: JwtAuthenticators;
  readonly #metrics: ReloadMetrics;
  #text: string;

  constructor(
    options: AuthenticationOptions,
    path: string,
    text: string,
    config: AuthenticationConfiguration,
    authenticators: JwtAuthenticators,
    metrics: ReloadMetrics,
  ) {
    this.#options = options;
    this.#path = path;
    this.#text = text;
    this.#anonymous = JSON.stringify(config.anonymous);
    this.#authenticators = authenticators;
    this.#metrics = metrics;
  }

  async look(): Promise<void> {
    const { log, clock, issuers } = this.#options;
    const failed = (what: string, error: unknown): void => {
      log.error(what, { error, path: this.#path });
      this.#metrics.reloaded("failure", clock.now() / 1000);
    };
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      return failed("failed to read authentication config file", error);
    }
    if (text === this.#text) return;
    let config: AuthenticationConfiguration;
    try {
      config = parseAuthenticationConfiguration(text);
    } catch (error) {
      // It never will be better: do not try again.
      this.#text = text;
      return failed("failed to load authentication config", error);
    }
    const { errors, expressions } = validateAuthentication(config, issuers);
    const all = JSON.stringify(config.anonymous) === this.#anonymous ? errors : [...errors, anonymousChanged()];
    if (all.length > 0) {
      this.#text = text;
      return failed("failed to validate authentication config", new Error(aggregate(all.map(describeFieldError))));
    }
    try {
      await this.#authenticators.replace(config, expressions);
    } catch (error) {
      return failed("failed to update authentication config", error);
    }
    this.#text = text;
    log.info("reloaded authentication config", { path: this.#path });
    this.#metrics.reloaded("success", clock.now() / 1000);
    this.#metrics.applied(text);
  }
}
